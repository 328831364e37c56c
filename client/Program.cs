return await Bgpo.Client.Commands.ConsoleProgram.Run(args, _ => []);

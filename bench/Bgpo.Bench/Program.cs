using Bgpo.Bench;
using Bgpo.Bench.Commands;
using Bgpo.Client.Commands;

// The console with one more command. Runs that are measured are started by the console itself, as users start them.
return await ConsoleProgram.Run(args, context => BenchCommand.Parts(context, new Benchmarks()));

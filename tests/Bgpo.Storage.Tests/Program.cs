using Bgpo.Storage.Tests;
using Xunit.Runner.InProc.SystemConsole;

return args is ["--child", .. string[] job] ? await Child.MainAsync(job) : await ConsoleRunner.Run(args);

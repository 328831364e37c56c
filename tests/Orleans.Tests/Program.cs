using Microsoft.Extensions.Hosting;
using Orleans.Tests;

if (args is [ClusterFixture.SiloArgument, string directory, string name])
{
    using IHost silo = ClusterFixture.BuildSilo(directory, name);
    await silo.StartAsync();
    Console.WriteLine("ready");
    await silo.WaitForShutdownAsync();
    return 0;
}

return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);

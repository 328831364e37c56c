using Bgpo.Silo.Tests;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

if (args is [ClusterFixture.SiloArgument, string cluster, string name])
{
    using IHost silo = ClusterFixture.BuildSilo(
        cluster, name, ClusterFixture.GivenSection, builder =>
            builder.Services.AddSingleton<Eviction>().AddSingleton<IFatalErrorHandler>(
            services => services.GetRequiredService<Eviction>()));
    await silo.StartAsync();
    Console.WriteLine("ready");
    Task stopped = silo.WaitForShutdownAsync();
    await Task.WhenAny(stopped, silo.Services.GetRequiredService<Eviction>().Happened);
    return stopped.IsCompleted ? 0 : ClusterFixture.EvictedExitCode;
}

return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);

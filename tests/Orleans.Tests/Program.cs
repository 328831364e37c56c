using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Runtime;
using Orleans.Tests;

if (args is [ClusterFixture.SiloArgument, string directory, string name])
{
    using IHost silo = ClusterFixture.BuildSilo(
        directory, name, builder => builder.Services.AddSingleton<Eviction>().AddSingleton<IFatalErrorHandler>(
            services => services.GetRequiredService<Eviction>()));
    await silo.StartAsync();
    Console.WriteLine("ready");
    Task stopped = silo.WaitForShutdownAsync();
    await Task.WhenAny(stopped, silo.Services.GetRequiredService<Eviction>().Happened);
    return stopped.IsCompleted ? 0 : ClusterFixture.EvictedExitCode;
}

if (args is ["--print-surface", .. string[] assemblies])
{
    Array.ForEach(PublicSurface.Of(assemblies.Select(System.Reflection.Assembly.LoadFrom)), Console.WriteLine);
    return 0;
}

return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);

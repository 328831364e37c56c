using Bgpo.Grains.Placement;
using Bgpo.Grains.Runs;
using Bgpo.Grains.Work;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Placement;

namespace Bgpo.Grains.Hosting;

/// <summary>Registers what the grains need of a silo.</summary>
public static class GrainServices
{
    /// <summary>Adds placement, run contexts and weight sources. The host adds the store and the devices.</summary>
    /// <param name="services">The silo's services.</param>
    public static IServiceCollection AddBgpoGrains(this IServiceCollection services)
    {
        services.AddPlacementDirector<SiloPinnedPlacement, SiloPinnedDirector>();
        services.AddPlacementDirector<ShardSpreadPlacement, ShardSpreadDirector>();
        services.AddPlacementFilter<StateRoleFilter, StateRoleDirector>(ServiceLifetime.Singleton);
        services.AddSingleton<RunContexts>();
        services.AddSingleton<WeightsSource>();
        services.AddSingleton<RewardScorers>();
        services.AddSingleton<SiloRoster>();
        return services;
    }
}

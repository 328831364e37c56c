using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;

namespace Bgpo.Silo.Clustering.Transport;

/// <summary>Puts a transport in the place of Orleans's own.</summary>
internal static class TransportServices
{
    /// <summary>
    /// Orleans asks for its transport by keyed services whose keys are its own affair; what it has registered says which they
    /// are. To be called once it has.
    /// </summary>
    /// <param name="services">Those of a silo or client.</param>
    /// <param name="transport">Gives the transport.</param>
    /// <param name="listens">Whether it is a silo, to which others connect.</param>
    /// <typeparam name="T">Its type.</typeparam>
    /// <exception cref="InvalidOperationException">This version of Orleans does it in another way.</exception>
    internal static void UseTransport<T>(this IServiceCollection services, Func<IServiceProvider, T> transport, bool listens)
        where T : class, IConnectionFactory, IConnectionListenerFactory
    {
        ServiceDescriptor[] own =
        [
            .. services.Where(service => service.IsKeyedService
                && (service.ServiceType == typeof(IConnectionFactory)
                    || service.ServiceType == typeof(IConnectionListenerFactory))),
        ];
        foreach (Type part in listens ? [typeof(IConnectionFactory), typeof(IConnectionListenerFactory)]
            : new[] { typeof(IConnectionFactory) })
        {
            if (!own.Any(service => service.ServiceType == part))
            {
                throw new InvalidOperationException($"Orleans registers no keyed {part.Name}: its transport cannot be replaced.");
            }
        }
        foreach (ServiceDescriptor service in own)
        {
            services.AddKeyedSingleton(service.ServiceType, service.ServiceKey, (provider, _) => transport(provider));
        }
    }
}

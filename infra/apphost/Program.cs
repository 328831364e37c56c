// Azurite, silos and the dashboard on this machine, shown by Aspire: dotnet run --project infra/apphost -- [--silos N]
// Then: ./bgpo run start --cluster apphost --wait

IDistributedApplicationBuilder builder = DistributedApplication.CreateBuilder(args);

string root = Path.GetFullPath("../..", builder.AppHostDirectory);
string bgpo = Path.Combine(root, "bgpo");
const string Store = "azblob+emulator://runs";
const string Cluster = "apphost";
int silos = builder.Configuration["silos"] is { } given ? int.Parse(given) : 3;

IResourceBuilder<ExecutableResource> azurite = builder.AddExecutable("azurite", bgpo, root, "azurite");

for (int i = 1; i <= silos; i++)
{
    // Aspire ends what it has started by SIGTERM: a silo drains.
    builder.AddExecutable($"silo-{i}", bgpo, root, "silo", "--cluster", Cluster, "--store", Store, "--name", $"silo-{i}")
        .WaitForStart(azurite);
}

builder.AddExecutable("dashboard", bgpo, root, "dashboard", "--store", Store, "--port", "8420")
    .WithHttpEndpoint(port: 8420, isProxied: false)
    .WaitForStart(azurite);

builder.Build().Run();

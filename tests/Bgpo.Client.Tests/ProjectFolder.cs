namespace Bgpo.Client.Tests;

/// <summary>The project's root, above the tests' output.</summary>
internal static class ProjectFolder
{
    internal static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Orleans.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}

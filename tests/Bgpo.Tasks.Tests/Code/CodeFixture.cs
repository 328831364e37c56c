using Bgpo.Tasks.Code;
using Bgpo.Tasks.Sandboxes;
using Bgpo.Tasks.Tests.Code;

[assembly: AssemblyFixture(typeof(CodeFixture))]

namespace Bgpo.Tasks.Tests.Code;

/// <summary>
/// One grader for all tests of code. Where sandboxes cannot work, tests are skipped with the reason on a developer's machine, and
/// fail under continuous integration (CI is set), which installs bubblewrap.
/// </summary>
public sealed class CodeFixture : IDisposable
{
    private readonly Lazy<string?> _refusal = new(SandboxPool.Refusal);
    private readonly Lazy<CodeGrader> _quick = new(() => Make(TimeSpan.FromSeconds(0.5), isShare: false));
    private readonly Lazy<CodeGrader> _patient = new(() => Make(TimeSpan.FromSeconds(20), isShare: false));
    private readonly Lazy<CodeGrader> _shares = new(() => Make(TimeSpan.FromSeconds(20), isShare: true));

    /// <summary>Gives programs half a second.</summary>
    internal CodeGrader Quick => Checked(_quick);

    /// <summary>Gives them as long as a busy machine may need.</summary>
    internal CodeGrader Patient => Checked(_patient);

    /// <summary>Rewards the share of tests passed.</summary>
    internal CodeGrader Shares => Checked(_shares);

    /// <summary>Skips the test, or fails it under continuous integration, where sandboxes cannot work.</summary>
    public void Need()
    {
        if (_refusal.Value is { } refusal)
        {
            Assert.True(Environment.GetEnvironmentVariable("CI") is null or "" or "false", refusal);
            Assert.Skip(refusal);
        }
    }

    public void Dispose()
    {
        foreach (Lazy<CodeGrader> grader in new[] { _quick, _patient, _shares }.Where(grader => grader.IsValueCreated))
        {
            grader.Value.Dispose();
        }
    }

    private static CodeGrader Make(TimeSpan timeout, bool isShare) =>
        new(timeout, new SandboxLimits { CpuSeconds = (int)timeout.TotalSeconds + 2, MemoryMiB = 256 }, isShare, workers: 4);

    private CodeGrader Checked(Lazy<CodeGrader> grader)
    {
        Need();
        return grader.Value;
    }
}

using System.Diagnostics;
using System.Runtime.Versioning;

namespace Bgpo.Client.Tests;

/// <summary>The entry script, run in a copy of the project's skeleton where dotnet and apt-get are recorders.</summary>
[SupportedOSPlatform("linux")]
public sealed class ScriptTests : IDisposable
{
    private static readonly string[] Tools =
    [
        "bash", "env", "readlink", "dirname", "basename", "find", "sort", "sha256sum", "grep", "awk", "sed", "tail", "head",
        "cat", "mkdir",
        "flock", "timeout", "rm", "touch", "sleep",
    ];

    private readonly string _root = Directory.CreateTempSubdirectory("bgpo-script-").FullName;

    public ScriptTests()
    {
        File.Copy(Path.Combine(ProjectFolder.Find(), "bgpo"), Path.Combine(_root, "bgpo"));
        foreach (var file in new[] { "Directory.Build.props", "Directory.Packages.props", "global.json", ".editorconfig",
            "Orleans.sln", "src/A.cs", "grains/B.cs", "silo/C.cs", "client/D.cs", "bench/I.cs", "examples/J.cs",
            "dashboard/K.cs",
            "tests/One.Tests/E.cs", "tests/Two.Tests/F.cs", "tests/Big.GpuTests/G.cs" })
        {
            Write(file, "");
        }

        foreach (var tool in Tools)
        {
            File.CreateSymbolicLink(
                Path.Combine(Directory.CreateDirectory(Path.Combine(_root, "bin")).FullName, tool), Which(tool));
        }

        Tool("id", "echo 0");
        Tool("g++", "");
        Tool("tmux", "");
        Tool("chromium", "");
        Tool("shellcheck", "");
        Tool("ip", "");
        Tool("bwrap", "");
        Tool("python3", "");
        Tool("apt-get", "echo \"apt-get $*\" >> $HERE/calls; [ ! -e $HERE/apt-fails ] || { echo 'E: no network'; exit 100; }; " +
            "touch $HERE/installed");
        Tool("dotnet", """
            echo "dotnet $*" >> $HERE/calls
            case "$1" in
                --list-sdks) echo "10.0.100 [/usr/share/dotnet/sdk]" ;;
                build) [ ! -e $HERE/build-fails ] || { echo "src/A.cs(1,1): error CS1: no"; exit 1; }; mkdir -p $HERE/client/bin/Release/net10.0; touch $HERE/client/bin/Release/net10.0/Bgpo.Client.dll ;;
                restore) [ ! -e $HERE/restore-fails ] || { echo "error NU1101: no"; exit 1; } ;;
                format) [ ! -e $HERE/format-fails ] || { echo "src/A.cs(1,1): error WHITESPACE: no"; exit 2; } ;;
                *.Tests.dll) suite=$(basename "$1" .dll); cat "$HERE/$suite.out"; exit $(cat "$HERE/$suite.code") ;;
                *) echo "console $*"; echo "home=$BGPO_HOME" ; exit 7 ;;
            esac
            """);
        Write("installed", "");
        Suite("One.Tests", total: 3);
        Suite("Two.Tests", total: 4);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private const string FirstBuild = "bgpo: building… (the first time, about a minute)\n";

    [Fact]
    public void WhatIsClosed_IsNotGivenToTheNextFile()
    {
        Run("train");
        Tool("dotnet", "for n in 0 1 2; do readlink /proc/$$/fd/$n; done > $HERE/descriptors");
        using var process = Process.Start(
            new ProcessStartInfo(Which("bash"), ["-c", $"HERE={_root} PATH={_root}/bin {_root}/bgpo train <&- >&- 2>&-"]))!;
        process.WaitForExit();
        Assert.Equal(["/dev/null", $"{_root}/descriptors", "/dev/null"], File.ReadAllLines(Path.Combine(_root, "descriptors")));
    }

    [Fact]
    public void FirstUse_Builds_AndPassesArgumentsAndExitCodeOn()
    {
        var (code, output, error) = Run("train", "--set", "a b");
        Assert.Equal((7, $"console {_root}/client/bin/Release/net10.0/Bgpo.Client.dll train --set a b\nhome={_root}\n",
            FirstBuild), (code, output, error));
        Assert.Equal(1, Builds("client/Bgpo.Client.csproj"));
    }

    [Fact]
    public void UnchangedTree_IsNotBuiltAgain()
    {
        Run("train");
        Run("train");
        Assert.Equal(1, Builds());
    }

    [Theory]
    [InlineData("src/A.cs", null)]
    [InlineData("src/new/gather.sh", null)]
    [InlineData("Directory.Packages.props", null)]
    [InlineData(null, "TorchSharpRuntime")]
    public void ChangedSourcesOrSwitches_AreBuilt(string? file, string? variable)
    {
        Run("train");
        if (file is not null)
        {
            Write(file, "changed");
        }

        Start(variable is null ? [] : new() { [variable] = "true" }, "train");
        Assert.Equal(2, Builds());
    }

    [Fact]
    public void DeletedSource_IsBuiltWithout()
    {
        Run("train");
        File.Delete(Path.Combine(_root, "src", "A.cs"));
        Run("train");
        Assert.Equal(2, Builds());
    }

    [Theory]
    [InlineData("tests/One.Tests/E.cs")]
    [InlineData("src/obj/x.cs")]
    [InlineData("src/README.md")]
    public void WhatTheConsoleDoesNotDependOn_DoesNotBuildIt(string file)
    {
        Run("train");
        Write(file, "changed");
        Run("train");
        Assert.Equal(1, Builds());
    }

    [Fact]
    public void FailedBuild_ShowsItsErrors_AndIsTriedAgain()
    {
        Write("build-fails", "");
        var (code, output, error) = Run("train");
        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith(FirstBuild + "src/A.cs(1,1): error CS1: no\nbgpo: the build of client/Bgpo.Client.csproj failed", error,
            StringComparison.Ordinal);
        File.Delete(Path.Combine(_root, "build-fails"));
        Assert.Equal(7, Run("train").Code);
    }

    [Fact]
    public async Task ParallelUses_BuildOnce()
    {
        var codes = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Run("train").Code)));
        Assert.Equal([7, 7, 7, 7], codes);
        Assert.Equal(1, Builds());
    }

    [Fact]
    public void MissingCompiler_IsInstalled_BeforeTheBuild_WhereLibstdcxxIsOld()
    {
        WithoutCompiler("GLIBCXX_3.4.30");
        var (code, _, error) = Run("train");
        Assert.Equal((7, "bgpo: installing g++\n" + FirstBuild), (code, error));
        Assert.Equal(
            ["apt-get -q -y -o DPkg::Lock::Timeout=300 update",
                "apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends g++"],
            Calls().Where(call => call.StartsWith("apt-get", StringComparison.Ordinal)));
    }

    [Fact]
    public void NewLibstdcxx_NeedsNoCompiler()
    {
        WithoutCompiler("GLIBCXX_3.4.30 GLIBCXX_3.4.32");
        Assert.Equal(7, Run("train").Code);
        Assert.DoesNotContain(Calls(), call => call.StartsWith("apt-get", StringComparison.Ordinal));
    }

    [Fact]
    public void FailedInstallation_ShowsWhatAptSaid()
    {
        WithoutCompiler("GLIBCXX_3.4.30");
        Write("apt-fails", "");
        var (code, _, error) = Run("train");
        Assert.Equal(1, code);
        Assert.Contains("E: no network\nbgpo: could not install g++", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tmux", "the test of the live view is skipped", false)]
    [InlineData("tmux", "the test of the live view is skipped", true)]
    [InlineData("chromium", "the tests of the dashboard's page are skipped", false)]
    [InlineData("chromium", "the tests of the dashboard's page are skipped", true)]
    [InlineData("shellcheck", "the check of shell scripts is skipped", true)]
    public void WhatOnlySomeTestsNeed_IsInstalled_OrDoneWithout(string tool, string meaning, bool fails)
    {
        File.Delete(Path.Combine(_root, "bin", tool));
        if (fails)
        {
            Write("apt-fails", "");
        }

        var (code, _, error) = Run("test");
        Assert.Equal(0, code);
        Assert.Contains(Calls(), call => call.EndsWith($" {tool}", StringComparison.Ordinal));
        Assert.Equal(fails, error.Contains(
            $"{tool} is not installed: {meaning}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheSandbox_IsInstalled_OrTriedOnceAndDoneWithout(bool fails)
    {
        File.Delete(Path.Combine(_root, "bin", "bwrap"));
        if (fails)
        {
            Write("apt-fails", "");
        }

        Assert.Equal(7, Run("train").Code);
        Assert.Contains(Calls(), call => call.EndsWith(" install --no-install-recommends bubblewrap", StringComparison.Ordinal));
        int calls = Calls().Count(call => call.StartsWith("apt-get", StringComparison.Ordinal));
        if (!fails)
        {
            Tool("bwrap", "");
        }

        Assert.Equal(7, Run("train").Code);
        Assert.Equal(calls, Calls().Count(call => call.StartsWith("apt-get", StringComparison.Ordinal)));
        // Tests need it: they try again.
        Assert.Equal(0, Run("test").Code);
        Assert.Equal(fails, Calls().Count(call => call.StartsWith("apt-get", StringComparison.Ordinal)) > calls);
    }

    [Fact]
    public void WithoutRootAndSudo_TheSandboxIsLeftAlone()
    {
        File.Delete(Path.Combine(_root, "bin", "bwrap"));
        Tool("id", "echo 1000");
        Assert.Equal(7, Run("train").Code);
        Assert.DoesNotContain(Calls(), call => call.StartsWith("apt-get", StringComparison.Ordinal));
    }

    [Fact]
    public void WithoutAptGet_WhatIsMissingIsNamed()
    {
        WithoutCompiler("GLIBCXX_3.4.30");
        File.Delete(Path.Combine(_root, "bin", "apt-get"));
        var (code, _, error) = Run("train");
        Assert.Equal(1, code);
        Assert.StartsWith("bgpo: g++ is missing on this machine, whose libstdc++ is older than GCC 13's: install it", error,
            StringComparison.Ordinal);
        Assert.Equal(0, Builds());
    }

    [Fact]
    public void WithoutRootAndSudo_TheCommandIsNamed()
    {
        WithoutCompiler("GLIBCXX_3.4.30");
        Tool("id", "echo 1000");
        var (code, _, error) = Run("train");
        Assert.Equal((1, "bgpo: g++ is missing. Run as root: apt-get install g++\n"), (code, error));
    }

    [Fact]
    public void WithoutRoot_SudoIsUsed()
    {
        WithoutCompiler("GLIBCXX_3.4.30");
        Tool("id", "echo 1000");
        Tool("sudo", "echo sudo >> $HERE/calls; exec \"$@\"");
        Assert.Equal(7, Run("train").Code);
        Assert.Equal(2, Calls().Count(call => call == "sudo"));
    }

    [Fact]
    public void Tests_AreCountedWithTheFormatCheck_AndGpuSuitesAreLeftOut()
    {
        var (code, output, _) = Run("test");
        Assert.Equal((0, "8 passed, 0 failed"), (code, LastLine(output)));
        Assert.DoesNotContain("Gpu", output, StringComparison.Ordinal);
        Assert.Equal(1, Builds("Orleans.sln"));
    }

    [Fact]
    public void FailingTest_IsShownAndCounted()
    {
        Suite("One.Tests", total: 3, failed: 1, code: 1, detail: "    One.Tests.X.Y [FAIL]\n      Assert.True() Failure");
        var (code, output, _) = Run("test");
        Assert.Equal((1, "7 passed, 1 failed"), (code, LastLine(output)));
        Assert.Contains("One.Tests.X.Y [FAIL]", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Segmentation fault\n", 139, "7", "crashed with exit code 139")]
    [InlineData("", 0, "7", "crashed with exit code 0")]
    public void CrashedSuite_IsAFailure(string output, int exit, string left, string why)
    {
        Write("One.Tests.out", output);
        Write("One.Tests.code", exit.ToString());
        var (code, shown, _) = Run("test");
        Assert.Equal((1, $"{int.Parse(left) - 2} passed, 1 failed"), (code, LastLine(shown)));
        Assert.Contains(why, shown, StringComparison.Ordinal);
    }

    [Fact]
    public void SuiteWithoutTests_IsAFailure()
    {
        Write("One.Tests.out", "=== TEST EXECUTION SUMMARY ===\n   One.Tests  Total: 0\n");
        var (code, output, _) = Run("test");
        Assert.Equal((1, "5 passed, 1 failed"), (code, LastLine(output)));
        Assert.Contains("holds no tests", output, StringComparison.Ordinal);
    }

    [Fact]
    public void SuiteThatPassesButEndsBadly_IsAFailure()
    {
        Suite("One.Tests", total: 3, code: 134);
        Assert.Equal((1, "8 passed, 1 failed"), (Run("test").Code, LastLine(Run("test").Output)));
    }

    [Fact]
    public void HungSuite_IsStoppedAndCounted()
    {
        Tool("timeout", "case \"$*\" in *One.Tests.dll*) exit 124 ;; esac; shift 4; exec \"$@\"");
        var (code, output, _) = Start(new() { ["BGPO_TEST_TIMEOUT"] = "5" }, "test");
        Assert.Equal((1, "5 passed, 1 failed"), (code, LastLine(output)));
        Assert.Contains("was stopped after 5 s", output, StringComparison.Ordinal);
    }

    [Fact]
    public void SkippedTests_AreNotPassedOnes()
    {
        Suite("One.Tests", total: 3, skipped: 2);
        Assert.Equal("6 passed, 0 failed", LastLine(Run("test").Output));
    }

    [Fact]
    public void BadFormat_IsAFailure()
    {
        Write("format-fails", "");
        var (code, output, _) = Run("test");
        Assert.Equal((1, "7 passed, 1 failed"), (code, LastLine(output)));
        Assert.Contains("error WHITESPACE", output, StringComparison.Ordinal);
    }

    [Fact]
    public void FailedBuildOfTheTests_IsOneFailure()
    {
        Write("build-fails", "");
        var (code, output, _) = Run("test");
        Assert.Equal((1, "0 passed, 1 failed\n"), (code, output));
    }

    [Fact]
    public void NamedSuites_RunAlone()
    {
        Assert.Equal("4 passed, 0 failed", LastLine(Run("test", "Two.Tests").Output));
        Assert.Equal((2, "bgpo: no test suite 'Three'; there are: One.Tests Two.Tests\n"),
            (Run("test", "Three").Code, Run("test", "Three").Error));
    }

    private void Suite(string name, int total, int failed = 0, int skipped = 0, int code = 0, string detail = "")
    {
        Write($"{name}.out", $"  Discovering: {name}\n{detail}\n=== TEST EXECUTION SUMMARY ===\n   {name}  Total: {total}, " +
            $"Errors: 0, Failed: {failed}, Skipped: {skipped}, Not Run: 0, Time: 0.1s\n");
        Write($"{name}.code", code.ToString());
    }

    private string[] Calls() => File.Exists(Path.Combine(_root, "calls")) ? File.ReadAllLines(Path.Combine(_root, "calls")) : [];

    private int Builds(string project = "") =>
        Calls().Count(call => call.StartsWith("dotnet build " + project, StringComparison.Ordinal));

    private (int Code, string Output, string Error) Run(params string[] arguments) => Start([], arguments);

    private (int Code, string Output, string Error) Start(Dictionary<string, string> variables, params string[] arguments)
    {
        // Started from another folder than the project's.
        var start = new ProcessStartInfo(Path.Combine(_root, "bgpo"), arguments)
        {
            WorkingDirectory = Path.GetTempPath(),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment.Clear();
        start.Environment["PATH"] = Path.Combine(_root, "bin");
        start.Environment["HOME"] = _root;
        start.Environment["HERE"] = _root;
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.GetAwaiter().GetResult());
    }

    /// <summary>A machine without g++ whose libstdc++ has these versions.</summary>
    private void WithoutCompiler(string versions)
    {
        File.Delete(Path.Combine(_root, "bin", "g++"));
        Write("libstdc++.so.6", versions);
        Tool("ldconfig", "echo \"	libstdc++.so.6 (libc6,x86-64) => $HERE/libstdc++.so.6\"");
    }

    private void Tool(string name, string script)
    {
        var path = Path.Combine(_root, "bin", name);
        File.Delete(path);
        File.WriteAllText(path, $"#!{Which("bash")}\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private void Write(string file, string text)
    {
        var path = Path.Combine(_root, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private static string LastLine(string text) => text.TrimEnd('\n').Split('\n')[^1];

    private static string Which(string tool) => Environment.GetEnvironmentVariable("PATH")!.Split(':')
        .Select(folder => Path.Combine(folder, tool)).First(File.Exists);
}

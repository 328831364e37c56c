using System.Diagnostics;
using System.Runtime.Versioning;

namespace Bgpo.Client.Tests;

/// <summary>The console as a process, with what a shell gives it.</summary>
[SupportedOSPlatform("linux")]
public sealed class ConsoleProcessTests
{
    [Theory]
    [InlineData("$BGPO --version >/dev/full", 2, "bgpo: standard output cannot be written: No space left on device\n")]
    [InlineData("$BGPO --version 1</dev/null", 2, "bgpo: standard output cannot be written: Bad file descriptor\n")]
    [InlineData("$BGPO nonsense 2>/dev/full", 2, "")]
    [InlineData("BGPO_STOP_SIGNALS=KILL $BGPO --version", 2,
        "bgpo: BGPO_STOP_SIGNALS: value 'KILL': one or several of USR1, USR2, QUIT, XCPU, PWR, with commas between\n")]
    [InlineData("d=$(mktemp -d); cd $d; rmdir $d; $BGPO run list", 2,
        "bgpo: the working directory is gone, or may not be entered; change to one that is there\n")]
    [InlineData("ulimit -n 100; $BGPO --version", 2,
        "bgpo: a process may have 100 files open (ulimit -n), and a command needs 128: raise that limit (ulimit -n 1024)\n")]
    [InlineData("ulimit -v 5000000; $BGPO generate --model . x", 2,
        "bgpo: the address space of a process is limited to 5.1 GB (ulimit -v), and 6 GB are reserved for .NET and libtorch, " +
            "most of it never used: "
        + "raise that limit (ulimit -v unlimited), and limit memory by a container or systemd's MemoryMax\n")]
    public async Task WhatTheShellGives_IsTakenAsItIs(string line, int code, string said)
    {
        var start = new ProcessStartInfo("bash", ["-c", line]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["BGPO"] = "dotnet " + typeof(BadInputException).Assembly.Location;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        _ = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal((code, said), (process.ExitCode, await error));
    }
}

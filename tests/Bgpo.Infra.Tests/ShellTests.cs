using System.Net;
using System.Text;

namespace Bgpo.Infra.Tests;

/// <summary>The shell scripts: by shellcheck, and what they do.</summary>
public sealed class ShellTests : IDisposable
{
    private const string Machine = "work_3";

    private readonly string _folder = Directory.CreateTempSubdirectory("infra-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Scripts_SatisfyShellcheck()
    {
        Assert.SkipUnless(Infra.Has("shellcheck"), "shellcheck is not installed; `bgpo test` installs it on Debian and Ubuntu");
        string[] scripts =
        [
            .. Directory.GetFiles(Infra.At(), "*", SearchOption.AllDirectories)
                .Where(file => !file.Split('/').Any(part => part is "bin" or "obj"))
                .Where(file => File.ReadLines(file).FirstOrDefault() is "#!/bin/sh" or "#!/usr/bin/env bash"),
        ];
        Assert.InRange(scripts.Length, 4, 100);
        (int code, string output, _) = await Infra.Run("shellcheck", scripts);
        Assert.True(code == 0, output);
    }

    [Theory]
    [InlineData("joined\n", true, 0)]
    [InlineData("", true, 1)] // on its way to join, or draining
    [InlineData("joined\n", false, 1)] // left behind by a process that was killed
    public async Task HealthCheck_AsksForALockThatIsHeldByAMember(string says, bool isHeld, int expected)
    {
        string lockFile = Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "orleans", "demo")).FullName, "silo-1-2-1.lock");
        await File.WriteAllTextAsync(lockFile, says);
        using FileStream? held = isHeld ? new FileStream(lockFile, FileMode.Open, FileAccess.ReadWrite, FileShare.None) : null;
        (int code, _, string error) = await Infra.Run(
            Infra.At("docker", "healthy"), [], new() { ["XDG_RUNTIME_DIR"] = _folder, ["TMPDIR"] = _folder });
        Assert.True(code == expected, error);
    }

    [Fact]
    public async Task HealthCheck_FailsWhereThereIsNoSilo()
    {
        (int code, _, string error) = await Infra.Run(
            Infra.At("docker", "healthy"), [], new() { ["XDG_RUNTIME_DIR"] = _folder, ["TMPDIR"] = _folder });
        Assert.Equal((1, "no silo of this container has joined a cluster\n"), (code, error));
    }

    [Theory]
    [InlineData("Preempt")]
    [InlineData("Terminate")]
    [InlineData("Reboot")]
    [InlineData("Redeploy")]
    public async Task ScheduledEvent_OfThisMachine_RunsTheCommand_ThenIsApproved(string type)
    {
        // First nothing, then what is another machine's or takes nothing away, then the event.
        await using var azure = new Metadata(
            Events(), Events(("a", type, "work_30"), ("b", "Freeze", Machine)),
            Events(("c", "Freeze", Machine), ("d", type, Machine)));
        string left = Path.Combine(_folder, "left");
        (int code, string output, string error) = await Infra.Run(
            Infra.At("azure", "scheduled-events.sh"), ["touch", left],
            new() { ["METADATA"] = azure.Address, ["PERIOD"] = "0.05" });
        Assert.True(code == 0, error);
        Assert.Equal($"Azure is about to take {Machine} ({type}): touch {left}\n", output);
        Assert.True(File.Exists(left));
        Assert.Equal("""{"StartRequests": [{"EventId": "d"}]}""", Assert.Single(azure.Approved));
        Assert.Equal(3, azure.Asked);
    }

    [Fact]
    public async Task CommandThatFails_GivesItsExitCode_AndTheEventIsApproved()
    {
        await using var azure = new Metadata(Events(("d", "Preempt", Machine)));
        (int code, _, _) = await Infra.Run(
            Infra.At("azure", "scheduled-events.sh"), ["sh", "-c", "exit 7"], new() { ["METADATA"] = azure.Address });
        Assert.Equal(7, code);
        Assert.Single(azure.Approved);
    }

    [Fact]
    public void Unit_GivesASiloLongerThanItsDrain_AndLessThanASpotMachinesNotice()
    {
        string unit = Infra.Read("azure", "vm", "bgpo-silo.service");
        string Value(string key) =>
            unit.Split('\n').Last(line => line.StartsWith(key + "=", StringComparison.Ordinal))[(key.Length + 1)..];
        string[] words = Value("ExecStart").Split(' ');
        int drain = int.Parse(words[Array.IndexOf(words, "--drain") + 1].TrimEnd('s'));
        Assert.InRange(int.Parse(Value("TimeoutStopSec")), drain + 5, 29);
        Assert.Equal("on-failure", Value("Restart"));
        Assert.Contains("systemctl stop bgpo-silo.service", Infra.Read("azure", "vm", "bgpo-scheduled-events.service"));
    }

    private static string Events(params (string Id, string Type, string Resource)[] events) =>
        $$"""{"DocumentIncarnation":1,"Events":[{{string.Join(',', events.Select(one => $$"""
            {"EventId":"{{one.Id}}","EventStatus":"Scheduled","EventType":"{{one.Type}}","ResourceType":"VirtualMachine",
            "Resources":["{{one.Resource}}"],"NotBefore":"Mon, 19 Sep 2016 18:29:47 GMT","EventSource":"Platform"}
            """))}}]}""";

    /// <summary>Azure's metadata service, as far as the script asks it.</summary>
    private sealed class Metadata : IAsyncDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly Task _serving;
        private readonly string[] _answers;

        public Metadata(params string[] answers)
        {
            _answers = answers;
            for (int port = Random.Shared.Next(20000, 60000); !_listener.IsListening; port++)
            {
                Address = $"http://127.0.0.1:{port}";
                _listener.Prefixes.Clear();
                _listener.Prefixes.Add(Address + "/");
                try
                {
                    _listener.Start();
                }
                catch (HttpListenerException)
                {
                    // Somebody else's port.
                }
            }
            _serving = Serve();
        }

        public string Address { get; private set; } = "";

        public List<string> Approved { get; } = [];

        public int Asked { get; private set; }

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _serving;
            _listener.Close();
        }

        private async Task Serve()
        {
            while (_listener.IsListening)
            {
                HttpListenerContext context;
                try
                {
                    context = await _listener.GetContextAsync();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }
                byte[] answer = Encoding.UTF8.GetBytes(await Answer(context.Request));
                context.Response.StatusCode = context.Request.Headers["Metadata"] == "true" ? 200 : 400;
                await context.Response.OutputStream.WriteAsync(answer);
                context.Response.Close();
            }
        }

        private async Task<string> Answer(HttpListenerRequest request)
        {
            if (request.Url!.AbsolutePath == "/metadata/instance/compute/name")
            {
                return Machine;
            }
            if (request.HttpMethod == "POST")
            {
                using var reader = new StreamReader(request.InputStream);
                Approved.Add(await reader.ReadToEndAsync());
                return "";
            }
            return _answers[Math.Min(Asked++, _answers.Length - 1)];
        }
    }
}

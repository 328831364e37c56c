using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Bgpo.Storage.Blobs.Local;
using Bgpo.Storage.Runs;

namespace Bgpo.Client.Tests;

/// <summary><c>bgpo dashboard</c>, and what it knows beyond the store.</summary>
public sealed class DashboardCommandTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly FakeConsole _console = new();
    private readonly LinkWriter _out = new();

    public void Dispose() => _console.Dispose();

    [Fact]
    public async Task ARequestFromThePage_GoesTheConsolesWay()
    {
        await _console.Stored("sudoku", RunState.Running, "demo");
        _console.Host.Clusters["demo"] = [];
        await Serving(["dashboard", "--store", "runs", "--port", "0"], async http =>
        {
            Assert.Equal(
                HttpStatusCode.OK,
                (await http.PostAsync("api/runs/sudoku/requests", JsonContent.Create(new { kind = "pause", reason = "lunch" })))
                    .StatusCode);
            var asked = await new RunStore(new LocalBlobStore(_console.Store), "sudoku").ReadRequestsAsync();
            Assert.Equal((RequestKind.Pause, "lunch"), (asked.Requests[0].Kind, asked.Requests[0].Reason));

            var refused = await http.PostAsync(
                "api/runs/sudoku/requests", JsonContent.Create(new { kind = "set", fields = new[] { "run.seed=2" } }));
            Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
            Assert.Contains(
                "stays as the run was started", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task ARunThatNobodyDrives_ShowsAsLost_AndOneThatEnded_TakesNoPause()
    {
        await _console.Stored("alone", RunState.Running, "gone");
        await _console.Stored("done", RunState.Completed, "");
        await Serving(["dashboard", "--store", "runs", "--port", "0"], async http =>
        {
            var rows = JsonNode.Parse(await http.GetStringAsync("api/runs"))!.AsArray();
            Assert.Equal(
                ["alone lost", "done completed"], rows.Select(row => $"{row!["run"]} {row["state"]}").Order());
            Assert.Equal(
                HttpStatusCode.Conflict,
                (await http.PostAsync("api/runs/done/requests", JsonContent.Create(new { kind = "pause" }))).StatusCode);
        });
    }

    [Fact]
    public async Task TheDemo_OpensWithoutAStore_ToItsDenoisingSteps() => await Serving(["dashboard", "--demo", "--port", "0"], async http =>
    {
        var row = Assert.Single(JsonNode.Parse(await http.GetStringAsync("api/runs"))!.AsArray())!;
        Assert.Equal("completed", (string)row["state"]!);
        var completion = JsonNode.Parse(await http.GetStringAsync($"api/runs/{row["run"]}/steps/20/0/0"))!;
        Assert.Equal(16, completion["trace"]!["setIn"]!.AsArray().Count);
        Assert.Contains((string)completion["tokens"]![0]!, "1234");
        var silos = JsonNode.Parse(await http.GetStringAsync($"api/runs/{row["run"]}/silos"))!;
        Assert.Contains(
            "died", silos["lanes"]!.AsArray().SelectMany(lane => lane!["spans"]!.AsArray()).Select(span => (string?)span!["end"]));
    });

    [Theory]
    [InlineData("--listen", "everywhere", "option --listen: value 'everywhere': an IP address of this machine, for example 0.0.0.0")]
    [InlineData("--token-file", "none", "option --token-file: value 'none': Could not find file")]
    [InlineData("--token-file", "weak", "option --token-file: value 'weak': holds no token of 32 to 512 letters")]
    [InlineData("--store", "nowhere", "option --store: value 'nowhere': no such folder")]
    public async Task WhatCannotBeServed_IsRefused(string option, string value, string line)
    {
        _console.WorkFile("weak", "secret");
        Assert.StartsWith(line, await _console.Refused(ExitCode.BadInput, "dashboard", option, value), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheDemo_TakesNoStore() => Assert.Equal(
        "option --demo: not beside --store or --cluster: it shows a recorded run",
        await _console.Refused(ExitCode.BadInput, "dashboard", "--demo", "--store", "runs"));

    /// <summary>Runs a dashboard for as long as it is looked at; Ctrl-C ends it.</summary>
    private async Task Serving(string[] command, Func<HttpClient, Task> look)
    {
        _console.OtherOut = _out;
        var serving = _console.Run(command);
        var first = await Task.WhenAny(serving, _out.Link).WaitAsync(Patience);
        Assert.True(first == _out.Link, _console.Error.ToString());
        var link = await _out.Link;
        using var http = new HttpClient { BaseAddress = new Uri(link.GetLeftPart(UriPartial.Authority)) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", link.Query["?token=".Length..]);
        await look(http);
        _console.Interrupts.Signal();
        Assert.Equal(ExitCode.Done, await serving.WaitAsync(Patience));
    }

    /// <summary>Tells of the link that is printed.</summary>
    private sealed class LinkWriter : TextWriter
    {
        private readonly TaskCompletionSource<Uri> _link = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<Uri> Link => _link.Task;

        public override Encoding Encoding => Encoding.UTF8;

        public override Task WriteLineAsync(string? value)
        {
            _link.TrySetResult(new Uri(value!["dashboard ".Length..]));
            return Task.CompletedTask;
        }
    }
}

using System.Net;
using Bgpo.Dashboard.Web;
using Bgpo.Grains;
using Bgpo.Storage.Runs;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Bgpo.Dashboard.Tests;

/// <summary>The page, in a browser.</summary>
public sealed class PageTests(Browser browser) : IClassFixture<Browser>, IAsyncLifetime
{
    private const string Script = "<script>window.hit=1</script><img src=x onerror=\"window.hit=1\">";

    private readonly TestRuns _runs = new();
    private DashboardServer _server = null!;
    private IPage? _page;

    public async ValueTask InitializeAsync()
    {
        await _runs.CreateAsync("one");
        _server = await _runs.ServeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_page is not null)
        {
            await _page.Context.CloseAsync();
        }
        await _server.DisposeAsync();
        _runs.Dispose();
    }

    [Fact]
    public async Task ARunsCurves_MoveAsItGoesOn()
    {
        await _runs.CommitAsync("one", 1, 0.25);
        IPage page = await OpenAsync("run/one");
        await Expect(page.Locator(".head")).ToContainTextAsync("version 1 of 40");
        await _runs.CommitAsync("one", 2, 0.75);
        await Expect(page.Locator(".head")).ToContainTextAsync("version 2 of 40");
        await Expect(page.Locator(".facts dd").First).ToHaveTextAsync("75.0 %");
        if (Site.HasCharts)
        {
            await Expect(page.Locator(".chart canvas")).ToHaveCountAsync(8);
            await page.Locator(".chart").First.FocusAsync();
            await page.Keyboard.PressAsync("ArrowLeft");
            await Expect(page.Locator(".chart .u-value").First).ToHaveTextAsync("1");
            // All charts have their cursors at the same version.
            await Expect(page.Locator(".chart").Nth(2).Locator(".u-value").First).ToHaveTextAsync("1");
            await page.Keyboard.PressAsync("Enter");
            await page.WaitForURLAsync(url => url.EndsWith("#/run/one/steps/0", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task PauseAndResume_AreAskedOnceTheyAreConfirmed()
    {
        await _runs.CommitAsync("one", 1);
        IPage page = await OpenAsync("run/one");
        await page.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await page.Locator("dialog").GetByText("Cancel").ClickAsync();
        await Expect(page.Locator("dialog")).ToHaveCountAsync(0);
        Assert.Empty((await _runs.Run("one").ReadRequestsAsync()).Requests);

        await page.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await page.Locator("dialog input").FillAsync("lunch");
        await page.Locator("dialog .primary").ClickAsync();
        await Expect(page.Locator(".said")).ToContainTextAsync("request 1");
        Assert.Equal("lunch", Assert.Single((await _runs.Run("one").ReadRequestsAsync()).Requests).Reason);

        await _runs.ChangeAsync("one", record => record with { State = RunState.Paused, Reason = "lunch" });
        await Expect(page.Locator(".head .badge")).ToHaveTextAsync("paused");
        await page.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();
        await page.Locator("dialog .primary").ClickAsync();
        await Expect(page.Locator(".said")).ToContainTextAsync("request 2");
        Assert.Equal(RequestKind.Resume, (await _runs.Run("one").ReadRequestsAsync()).Requests[^1].Kind);
    }

    [Fact]
    public async Task ASiloThatDied_Shows()
    {
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        TimelineSilo[] both = [new("a", 1, "x86"), new("b", 1, "x86")];
        await _runs.CommitAsync("one", 1, timeline: new StepTimeline(
            [new TimelineEntry(now - 60_000, TimelineEntry.Roster, "2 silos") { Silos = both, Lost = [] }],
            [new SiloWork("a", 5, 3), new SiloWork("b", 4, 2)]));
        IPage page = await OpenAsync("run/one/silos");
        await Expect(page.Locator("[data-silo]")).ToHaveCountAsync(2);
        await Expect(page.Locator("[data-silo] .badge")).ToHaveCountAsync(0);
        await _runs.CommitAsync("one", 2, timeline: new StepTimeline(
            [
                new TimelineEntry(now, TimelineEntry.Roster, "gone: b") { Silos = both[..1], Lost = ["b"] },
            ],
            [new SiloWork("a", 9, 5)]));
        await Expect(page.Locator("[data-silo=b] .badge")).ToHaveTextAsync("died");
        await Expect(page.Locator("[data-silo=a] .badge")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task ASample_IsBrowsedToItsDenoisingSteps()
    {
        await _runs.CommitAsync("one", 4);
        await _runs.JournalAsync("one", 3);
        IPage page = await OpenAsync("run/one/steps");
        await Expect(page.Locator(".group")).ToHaveCountAsync(2);
        // The one that teaches most comes first.
        await Expect(page.Locator(".group").First).ToContainTextAsync("puzzle");
        await Expect(page.Locator(".group.flat")).ToContainTextAsync("teaches nothing");
        await page.Locator(".completions a").First.ClickAsync();
        await Expect(page.Locator(".stage .cell")).ToHaveCountAsync(16);
        await Expect(page.Locator(".stage .masked")).ToHaveCountAsync(0);
        await page.Keyboard.PressAsync("ArrowLeft");
        await Expect(page.Locator(".stage .masked")).ToHaveCountAsync(2);
        await Expect(page.Locator("p[role=status]")).ToContainTextAsync("step 6 of 7: 14 of 16 tokens set");
        Assert.Contains(
            "denoising step 0, confidence 0.885", await page.Locator(".stage .cell").Last.GetAttributeAsync("title"),
            StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Button, new() { Name = "sample 1" }).ClickAsync();
        string masked = await page.Locator("tr[data-draw='1'] .num").First.InnerTextAsync();
        await Expect(page.Locator(".stage .masked")).ToHaveCountAsync(int.Parse(masked));
    }

    [Fact]
    public async Task AWrongToken_OpensNothing()
    {
        IPage page = _page = await browser.OpenAsync();
        IResponse? answer = await page.GotoAsync(new Uri(_server.Address, "?token=wrong").ToString());
        Assert.Equal((int)HttpStatusCode.Unauthorized, answer!.Status);
        await Expect(page.Locator("main")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task TheToken_IsNotLeftInTheAddress()
    {
        IPage page = await OpenAsync("");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Runs");
        Assert.DoesNotContain("token", page.Url, StringComparison.Ordinal);
        Assert.Equal("", await page.EvaluateAsync<string>("document.cookie"));
    }

    [Fact]
    public async Task AScriptInACompletion_IsText()
    {
        await _runs.CommitAsync("one", 1);
        await _runs.JournalAsync("one", 0, Script);
        IPage page = await OpenAsync("run/one/steps/0");
        await Expect(page.Locator(".completions pre").First).ToHaveTextAsync(Script);
        await page.GotoAsync(Address("run/one/steps/0/0/0"));
        await Expect(page.Locator("pre").Last).ToHaveTextAsync(Script);
        Assert.Null(await page.EvaluateAsync<object?>("window.hit ?? null"));
        await Expect(page.Locator("main img, main script")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Runs_AreFiltered_AndLaidOverOneAnother_ByKeys()
    {
        await _runs.CreateAsync("two", RunState.Completed);
        await _runs.CommitAsync("two", 1);
        await _runs.CommitAsync("one", 1);
        IPage page = await OpenAsync("");
        await Expect(page.Locator("tr[data-run]")).ToHaveCountAsync(2);
        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync("completed");
        await Expect(page.Locator("tr[data-run]")).ToHaveCountAsync(1);
        await page.Locator("input[type=search]").FillAsync("");
        await page.Locator("tr[data-run=one] input").CheckAsync();
        await page.Locator("tr[data-run=two] input").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "compare 2" }).ClickAsync();
        await Expect(page.Locator("a.chip")).ToHaveCountAsync(2);
        await Expect(page.Locator(".chart").First).ToContainTextAsync("Mean reward");
    }

    [Fact]
    public async Task OnAPhone_NoPageIsWiderThanTheScreen()
    {
        await _runs.CommitAsync("one", 1);
        await _runs.JournalAsync("one", 0, new string('x', 300));
        _page = await browser.OpenAsync(width: 390, height: 800);
        List<string> errors = [];
        _page.PageError += (_, error) => errors.Add(error);
        await _page.GotoAsync(_server.Link.ToString());
        foreach (string hash in (string[])["", "run/one", "run/one/steps", "run/one/steps/0/1/0", "run/one/silos",
            "run/one/checkpoints", "run/one/log", "compare/one,one"])
        {
            await _page.GotoAsync(Address(hash));
            await Expect(_page.Locator(".view > *").First).ToBeVisibleAsync();
            Assert.Equal(0, await _page.EvaluateAsync<int>("Math.max(0, document.documentElement.scrollWidth - innerWidth)"));
        }
        Assert.Empty(errors);
    }

    private string Address(string hash) => new Uri(_server.Address, "#/" + hash).ToString();

    private async Task<IPage> OpenAsync(string hash)
    {
        _page = await browser.OpenAsync();
        await _page.GotoAsync(_server.Link + "#/" + hash);
        return _page;
    }
}

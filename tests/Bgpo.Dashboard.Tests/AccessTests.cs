using System.Net;
using System.Net.Http.Headers;

namespace Bgpo.Dashboard.Tests;

/// <summary>Who may see a dashboard, and use it.</summary>
public sealed class AccessTests : IAsyncLifetime
{
    private readonly TestRuns _runs = new();
    private readonly HttpClient _http = new(new HttpClientHandler { UseCookies = false, AllowAutoRedirect = false });
    private DashboardServer _server = null!;

    private string Token => _server.Link.Query["?token=".Length..];

    private string Origin => _server.Address.GetLeftPart(UriPartial.Authority);

    public async ValueTask InitializeAsync()
    {
        await _runs.CreateAsync("one");
        _server = await _runs.ServeAsync();
        _http.BaseAddress = _server.Address;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
        _runs.Dispose();
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/?token=wrong")]
    [InlineData("/?token=")]
    [InlineData("/api/runs")]
    [InlineData("/api/events")]
    [InlineData("/site/app.js")]
    [InlineData("/metrics")]
    [InlineData("/nowhere")]
    public async Task WithoutTheToken_NothingIsShown(string path)
    {
        using HttpResponseMessage answer = await _http.GetAsync(path);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.DoesNotContain("one", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AWrongTokenInTheLink_Counts_BesideARightCookie() => Assert.Equal(
        HttpStatusCode.Unauthorized, (await SendAsync(HttpMethod.Get, "/?token=wrong", ("Cookie", await CookieAsync()))).StatusCode);

    [Fact]
    public async Task TheLink_SetsACookie_ThatScriptsAndOtherSitesCannotUse()
    {
        using HttpResponseMessage page = await _http.GetAsync(_server.Link);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        string set = Assert.Single(page.Headers.GetValues("Set-Cookie")).ToLowerInvariant();
        Assert.Contains("httponly", set, StringComparison.Ordinal);
        Assert.Contains("samesite=strict", set, StringComparison.Ordinal);
        using HttpResponseMessage runs = await SendAsync(HttpMethod.Get, "/api/runs", ("Cookie", await CookieAsync()));
        Assert.Contains("\"one\"", await runs.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheToken_IsTakenAsABearers()
    {
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync("/metrics")).StatusCode);
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token[1..]);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _http.GetAsync("/metrics")).StatusCode);
    }

    [Theory]
    [InlineData("Origin", "http://elsewhere.example")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    [InlineData("Host", "rebound.example")]
    public async Task AnotherSite_GetsNothing_WithTheCookie(string header, string value)
    {
        string cookie = await CookieAsync();
        Assert.Equal(HttpStatusCode.Forbidden,
            (await SendAsync(HttpMethod.Get, "/api/runs", ("Cookie", cookie), (header, value))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden,
            (await SendAsync(HttpMethod.Get, _server.Link.PathAndQuery, (header, value), ("Sec-Fetch-Mode", "no-cors"))).StatusCode);
    }

    [Fact]
    public async Task AVisitFromAnotherSitesLink_IsFine() => Assert.Equal(HttpStatusCode.OK, (await SendAsync(
        HttpMethod.Get, _server.Link.PathAndQuery, ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", "document"))).StatusCode);

    [Fact]
    public async Task ARequest_NeedsTheOriginOfThePage()
    {
        string cookie = await CookieAsync();
        const string path = "/api/runs/one/requests";
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(HttpMethod.Post, path, ("Cookie", cookie))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(
            HttpMethod.Post, path, ("Cookie", cookie), ("Origin", "http://elsewhere.example"))).StatusCode);
        Assert.Empty((await _runs.Run("one").ReadRequestsAsync()).Requests);
        Assert.Equal(HttpStatusCode.OK,
            (await SendAsync(HttpMethod.Post, path, ("Cookie", cookie), ("Origin", Origin))).StatusCode);
        Assert.Single((await _runs.Run("one").ReadRequestsAsync()).Requests);
    }

    [Fact]
    public async Task Pages_MayRunNothingButTheirOwnScripts()
    {
        using HttpResponseMessage page = await _http.GetAsync(_server.Link);
        string policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("script-src 'self'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(page.Headers.GetValues("X-Content-Type-Options")));
    }

    [Fact]
    public async Task ItsHealth_IsToldToEverybody_AndNothingElse() =>
        Assert.Equal("ok\n", await _http.GetStringAsync("/healthz"));

    [Fact]
    public void UnlessAsked_ItListensOnThisMachineAlone() => Assert.Equal("127.0.0.1", _server.Address.Host);

    [Fact]
    public async Task WhereItsUsualPortIsTaken_AnotherServes()
    {
        await using DashboardServer first = await _runs.ServeAsync(new DashboardOptions());
        await using DashboardServer second = await _runs.ServeAsync(new DashboardOptions());
        Assert.NotEqual(first.Address, second.Address);
        await Assert.ThrowsAsync<IOException>(() => _runs.ServeAsync(new DashboardOptions { Port = second.Address.Port }));
    }

    [Theory]
    [InlineData("short")]
    [InlineData("0123456789012345678901234567890 with spaces")]
    public void AWeakToken_IsNone(string text) => Assert.Null(AccessToken.Parse(text));

    [Fact]
    public void Tokens_DifferEachTime()
    {
        var (one, other) = (AccessToken.New(), AccessToken.New());
        Assert.True(one.Matches(one.Text));
        Assert.False(one.Matches(other.Text));
        Assert.False(one.Matches(null));
        Assert.NotNull(AccessToken.Parse(one.Text));
    }

    private async Task<string> CookieAsync()
    {
        using HttpResponseMessage page = await _http.GetAsync(_server.Link);
        return page.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, path);
        if (method == HttpMethod.Post)
        {
            request.Content = new StringContent(
                """{"kind":"pause"}""", new MediaTypeHeaderValue("application/json"));
        }
        foreach ((string name, string value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }
        return await _http.SendAsync(request);
    }
}

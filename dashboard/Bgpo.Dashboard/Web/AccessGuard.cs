using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Bgpo.Dashboard.Web;

/// <summary>
/// Lets those in who have the token, from the dashboard's own page alone. A page of another site, or a name that was made to
/// lead here (DNS rebinding), gets nothing.
/// </summary>
/// <param name="options">Where the dashboard is served, and to whom.</param>
internal sealed class AccessGuard(DashboardOptions options)
{
    /// <summary>Whether the server works, for health checks: the only thing that is told to everybody.</summary>
    internal const string Health = "/healthz";

    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Checks a request, and passes it on where it may go on.</summary>
    /// <param name="http">The request.</param>
    /// <param name="next">What answers it.</param>
    internal async Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        Protect(http.Response.Headers);
        HttpRequest request = http.Request;
        if (!IsKnownHost(request.Host))
        {
            await Refuse(http, StatusCodes.Status403Forbidden,
                $"the host '{request.Host.Host}' is not this dashboard's; open it by its address, or name it by --host");
        }
        else if (IsFromElsewhere(request))
        {
            await Refuse(http, StatusCodes.Status403Forbidden, "another site may not use this dashboard");
        }
        else if (request.Path == Health && HttpMethods.IsGet(request.Method))
        {
            await http.Response.WriteAsync("ok\n");
        }
        else if (Admits(http))
        {
            await next(http);
        }
        else
        {
            http.Response.Headers.WWWAuthenticate = "Bearer";
            await Refuse(http, StatusCodes.Status401Unauthorized,
                "the token is missing or wrong; open the link that the dashboard printed when it started");
        }
    }

    private static Task Refuse(HttpContext http, int status, string why)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(why + "\n");
    }

    private static void Protect(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
    }

    private bool IsKnownHost(HostString host) =>
        IPAddress.TryParse(host.Host.Trim('[', ']'), out _)
        || options.Hosts.Concat(["localhost", Environment.MachineName]).Contains(host.Host, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a browser asks for another site's sake. To follow a link to the first page is fine.</summary>
    private static bool IsFromElsewhere(HttpRequest request)
    {
        bool isVisit = HttpMethods.IsGet(request.Method) && request.Path == "/"
            && request.Headers["Sec-Fetch-Mode"] is ["navigate"] && request.Headers["Sec-Fetch-Dest"] is ["document"];
        if (request.Headers.Origin is [{ } origin] && origin != $"{request.Scheme}://{request.Host}")
        {
            return true;
        }
        return !isVisit && request.Headers["Sec-Fetch-Site"] is [not null and not ("same-origin" or "none")];
    }

    private bool Admits(HttpContext http)
    {
        HttpRequest request = http.Request;
        string cookie = $"bgpo-dashboard-{request.Host.Port ?? 80}";
        if (request.Path == "/" && request.Query["token"] is [var given])
        {
            if (!options.Token.Matches(given))
            {
                return false;
            }
            http.Response.Cookies.Append(cookie, options.Token.Text, new CookieOptions
            {
                HttpOnly = true,
                SameSite = Microsoft.AspNetCore.Http.SameSiteMode.Strict,
                Path = "/",
            });
            return true;
        }
        if (request.Headers.Authorization is [{ } authorization])
        {
            const string scheme = "Bearer ";
            return authorization.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
                && options.Token.Matches(authorization[scheme.Length..]);
        }
        // What changes something says by its origin that the page asks for it: a cookie alone does not.
        bool isSafe = HttpMethods.IsGet(request.Method) || request.Headers[HeaderNames.Origin].Count > 0;
        return isSafe && options.Token.Matches(request.Cookies[cookie]);
    }
}

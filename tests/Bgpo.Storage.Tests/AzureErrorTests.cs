using Azure;
using Azure.Identity;
using Bgpo.Storage.Blobs;
using Bgpo.Storage.Blobs.Azure;
using Microsoft.Identity.Client;

namespace Bgpo.Storage.Tests;

/// <summary>What Azure's SDK says is told apart: what may pass is waited for, what somebody must mend is told at once.</summary>
public sealed class AzureErrorTests
{
    private static readonly AzureLocation s_location = AzureLocation.Parse("azblob://account/container");

    public static TheoryData<string, bool> Tokens => new()
    {
        { "AADSTS 503", true },
        { "AADSTS 429", true },
        { "invalid secret", false },
        { "managed identity not up yet", true },
        { "managed identity refuses", false },
        { "no network", true },
        { "nothing to sign in by", false },
        { "chain with one that fails to answer", true },
    };

    [Theory]
    [MemberData(nameof(Tokens))]
    public void AFailureToGetAToken_IsWaitedFor_WhereItMayPass(string what, bool passes)
    {
        Exception failure = Token(what);
        // As it is, and as what the SDK's layers make of it.
        foreach (Exception thrown in new[] { failure, new AggregateException(failure),
            new InvalidOperationException("wrapped", failure), new AuthenticationFailedException("wrapped", failure) })
        {
            StorageException told = AzureErrors.Translate(thrown, s_location, "read 'a'", answered: false);
            Assert.Equal(passes, told is StoreUnavailableException);
            Assert.Contains("no token", told.Message, StringComparison.Ordinal);
            Assert.Contains("az login", told.Message, StringComparison.Ordinal);
            Assert.IsType<StoreUnavailableException>(AzureErrors.Translate(thrown, s_location, "read 'a'", answered: true));
        }
    }

    [Fact]
    public void WhatTheServiceSays_CountsAlsoWrapped()
    {
        Assert.IsType<StoreRefusedException>(
            Said(new AggregateException(new RequestFailedException(403, "no", "AuthorizationFailure", null))));
        Assert.IsType<StoreUnavailableException>(
            Said(new AggregateException(new RequestFailedException(503, "busy", "ServerBusy", null))));
        Assert.IsType<StoreUnavailableException>(Said(new AggregateException(new IOException("broken"))));
    }

    [Fact]
    public void AContainerThatIsGone_MayComeBack_WhereItWasThereBefore()
    {
        var missing = new RequestFailedException(404, "gone", "ContainerNotFound", null);
        Assert.IsType<StoreRefusedException>(Said(missing));
        Assert.IsType<StoreUnavailableException>(AzureErrors.Translate(missing, s_location, "read 'a'", answered: true));
    }

    private static StorageException Said(Exception exception) =>
        AzureErrors.Translate(exception, s_location, "read 'a'", answered: false);

    private static Exception Token(string what) => what switch
    {
        "AADSTS 503" => new AuthenticationFailedException(
            "AADSTS90033", new MsalServiceException("temporarily_unavailable", "AADSTS90033: later", 503)),
        "AADSTS 429" => new AuthenticationFailedException("slow down", new MsalServiceException("too_many", "slow down", 429)),
        "invalid secret" => new AuthenticationFailedException(
            "AADSTS7000215", new MsalServiceException("invalid_client", "AADSTS7000215: bad secret", 401)),
        "managed identity not up yet" =>
            new CredentialUnavailableException("no endpoint", new RequestFailedException(404, "not up")),
        "managed identity refuses" =>
            new AuthenticationFailedException("none assigned", new RequestFailedException(400, "Identity not found")),
        "no network" => new AuthenticationFailedException(
            "unreachable", new MsalClientException("x", "y", new HttpRequestException("no route"))),
        "nothing to sign in by" => new CredentialUnavailableException("Azure CLI not installed"),
        "chain with one that fails to answer" => new CredentialUnavailableException(
            "chain", new AggregateException(
                new CredentialUnavailableException("no variables"),
                new CredentialUnavailableException("no endpoint", new TaskCanceledException("timed out")))),
        _ => throw new ArgumentOutOfRangeException(nameof(what)),
    };
}

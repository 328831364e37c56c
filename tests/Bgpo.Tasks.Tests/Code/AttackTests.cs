using System.Diagnostics;
using Bgpo.Tasks.Code;
using Bgpo.Tasks.Sandboxes;

namespace Bgpo.Tasks.Tests.Code;

/// <summary>Programs that mean harm, or to be rewarded for nothing. Each gets a plain score; the machine stays whole.</summary>
public class AttackTests(CodeFixture code)
{
    private static readonly CodeProblem s_problem = new() { Cases = ["assert f(20) == 400", "assert f(3) == 9"] };

    private static readonly (string Attack, string Program)[] s_harmful =
    [
        ("fork bomb", "import os\ndef f(x):\n    while True: os.fork()"),
        ("10 GB", "def f(x):\n    return len(bytearray(10 * 2 ** 30))"),
        ("10 GB in pieces", "def f(x):\n    kept = []\n    while True: kept.append(bytearray(2 ** 20))"),
        ("endless loop", "def f(x):\n    while True: pass"),
        ("endless loop at once", "while True: pass"),
        ("endless sleep", "import time\ndef f(x):\n    time.sleep(1000)"),
        ("endless output", "def f(x):\n    while True: print('x' * 10000)"),
        ("endless output to every pipe", "import os\ndef f(x):\n    while True:\n        for i in range(64):\n            try: os.write(i, b'x' * 9999)\n            except OSError: pass"),
        ("endless files", "def f(x):\n    i = 0\n    while True:\n        i += 1\n        open('/tmp/%d' % i, 'wb').write(b'x' * 10 ** 6)"),
        ("a file without end", "def f(x):\n    with open('/tmp/x', 'wb') as out:\n        while True: out.write(b'x' * 10 ** 6)"),
        ("deep recursion", "import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(x):\n    return [f(x)]"),
        ("deep source", "def f(x): return " + new string('(', 5000) + new string(')', 5000)),
        ("native crash", "import ctypes\ndef f(x):\n    ctypes.string_at(0)"),
        ("native crash at once", "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)"),
        ("exit before the tests", "import os\nos._exit(0)"),
        ("exit in the tests", "import os\ndef f(x): os._exit(0)"),
        ("exit by exception", "import sys\ndef f(x): sys.exit(0)"),
        ("9**9**9", "def f(x):\n    return 9 ** 9 ** 9"),
        ("catastrophic regex", "import re\ndef f(x):\n    return re.match('(a+)+$', 'a' * 40 + 'b')"),
        ("billion laughs", "def f(x):\n    s = 'ha'\n    for _ in range(40): s += s\n    return s"),
        ("billion laughs in a list", "def f(x):\n    s = ['ha']\n    for _ in range(40): s = [s, s, s, s]\n    return s"),
        ("nested without end", "def f(x):\n    s = []\n    s.append(s)\n    return s"),
        ("nested deep", "def f(x):\n    s = []\n    for _ in range(10 ** 5): s = [s]\n    return s"),
        ("thread bomb", "import threading, time\ndef f(x):\n    while True:\n        try: threading.Thread(target=time.sleep, args=(99,)).start()\n        except RuntimeError: pass"),
        ("signals ignored", "import signal, time\nfor s in signal.valid_signals():\n    try: signal.signal(s, signal.SIG_IGN)\n    except OSError: pass\ndef f(x):\n    while True: time.sleep(1)"),
        ("deletes itself", "import os, shutil\ndef f(x):\n    for path in ('/usr', '/lib', '/tmp', '/dev', '/'):\n        shutil.rmtree(path, ignore_errors=True)\n    return os.listdir('/usr/lib') and 0"),
        ("kills its parents", "import os, signal\ndef f(x):\n    for pid in (-1, 1, os.getppid()):\n        try: os.kill(pid, signal.SIGKILL)\n        except OSError: pass\n    return 0"),
        ("no reply", "import os\ndef f(x):\n    for i in range(3, 64):\n        try: os.close(i)\n        except OSError: pass"),
        ("half a reply", "import os\ndef f(x):\n    line('{')\n    while True: pass"),
        ("replies of nonsense", "def f(x):\n    for i in range(100): line(['{}', '[', '\\0', '{\"ok\":{\"t\":5,\"v\":5}}', '{\"do\":5}', 'null'][i % 6])\n    return 0"),
    ];

    /// <summary>What each tells is empty when nothing was to be had.</summary>
    public static TheoryData<string, string> Curious => new()
    {
        { "writes everywhere", """
            import os
            for folder in ('/', '/usr', '/usr/lib', '/lib', '/dev', '/etc', '/home', '/root', '/var', '/proc', '/sys', '/run'):
                try:
                    open(folder + '/mine', 'w')
                    found.append(folder)
                except OSError: pass
            """ },
        { "reads the machine", """
            import os
            for path in ('/etc/passwd', '/etc/hostname', '/home', '/root', '/proc/1/environ', '/proc/cpuinfo', '/sys', '/var', '/run',
                         '/work', '/mnt', '/opt', '/usr/bin/bwrap', '/bin/sh', '/usr/bin/env'):
                if os.path.exists(path): found.append(path)
            found += [name for name in os.listdir('/') if name not in ('usr', 'lib', 'lib64', 'dev', 'tmp')]
            found += os.environ
            found += [name for name in os.listdir('/tmp')]
            """ },
        { "opens sockets", """
            import socket
            for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK, socket.AF_PACKET):
                try:
                    socket.socket(family, socket.SOCK_DGRAM)
                    found.append(str(family))
                except OSError: pass
            """ },
        { "leaves daemons behind", """
            import os, subprocess
            for start in (os.fork, os.forkpty, lambda: subprocess.Popen(['/usr/bin/python3']), lambda: os.posix_spawn('/bin/sh', ['sh'], {})):
                try:
                    start()
                    found.append(str(start))
                except OSError: pass
            """ },
        { "makes forbidden calls", """
            import ctypes
            libc = ctypes.CDLL(None, use_errno=True)
            calls = {'ptrace': (101, 0, 0, 0, 0), 'unshare': (272, 0x10000000), 'mount': (165, 0, b'/tmp', b'tmpfs', 0, 0),
                     'memfd': (319, b'x', 0), 'shmget': (29, 0, 4096, 0o1600), 'bpf': (321, 0, 0, 0), 'keyctl': (250, 0, -3, 1),
                     'io_uring': (425, 8, 0), 'process_vm_readv': (310, 1, 0, 0, 0, 0, 0), 'setns': (308, 0, 0), 'chroot': (161, b'/tmp'),
                     'perf': (298, 0, 0, -1, -1, 0), 'clone': (56, 17, 0, 0, 0, 0), 'x32': (0x40000000 + 39,)}
            for name, call in calls.items():
                if libc.syscall(*map(lambda x: ctypes.c_long(x) if type(x) is int else x, call)) != -1: found.append(name)
            """ },
        { "leaves by links", """
            import os
            for target in ('/etc', '/proc/1/root', '/../../..', '/tmp/../../etc'):
                os.symlink(target, '/tmp/link')
                try: found.extend(name for name in os.listdir('/tmp/link') if name not in ('usr', 'lib', 'lib64', 'dev', 'tmp'))
                except OSError: pass
                os.unlink('/tmp/link')
            """ },
        { "names files hugely", """
            for name in ('x' * 10 ** 6, 'x' * 300, '/tmp/' + 'y/' * 10 ** 5, 'a\0b'):
                try:
                    open(name, 'w')
                    found.append(name[:9])
                except (OSError, ValueError): pass
            """ },
        { "raises its limits", """
            import resource
            for what in range(16):
                try:
                    hard = resource.getrlimit(what)[1]
                    resource.setrlimit(what, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                    if hard != resource.RLIM_INFINITY: found.append(str(what))
                except (OSError, ValueError): pass
            """ },
        { "looks for the tests in memory", """
            import gc, sys
            for thing in gc.get_objects():
                if type(thing) in (str, bytes, dict, list, tuple) and thing is not found:
                    text = repr(thing) if type(thing) not in (dict, list, tuple) else ''
                    if '== 40' + '0' in text: found.append(text[:99])
            for frame in sys._current_frames().values():
                while frame:
                    if any('== 40' + '0' in str(value) for value in list(frame.f_locals.values()) if type(value) is str): found.append('frame')
                    frame = frame.f_back
            """ },
    };

    public static TheoryData<string, string> Cheating => new()
    {
        { "equals everything", "class E:\n    __hash__ = None\n    def __eq__(s, o): return True\n    def __ne__(s, o): return False\ndef f(x): return E()" },
        { "a number that equals everything", "class E(int):\n    def __eq__(s, o): return True\ndef f(x): return E()" },
        { "a list that equals everything", "class E(list):\n    def __eq__(s, o): return True\ndef f(x): return E()" },
        { "a class for a function", "class f:\n    def __init__(s, x): pass\n    def __eq__(s, o): return True" },
        { "patches the checker", "import builtins, sys\nbuiltins.AssertionError = None\nbuiltins.len = lambda x: 400\nfor n, m in list(sys.modules.items()):\n    for k in list(vars(m)):\n        if 'assert' in k or 'check' in k: setattr(m, k, lambda *a: True)\ndef f(x): return 0" },
        { "patches equality", "import ctypes, operator\noperator.eq = lambda a, b: True\nint.__eq__ if 0 else None\ndef f(x): return 0" },
        { "prints the success line", "print('V{\"nonce\":\"\",\"passed\":2,\"total\":2,\"info\":\"\",\"broken\":\"\"}', flush=True)\nprint('ok')\ndef f(x): return 0" },
        { "sends the success line", "def f(x):\n    line('V{\"nonce\":\"\",\"passed\":2,\"total\":2,\"info\":\"\",\"broken\":\"\"}')\n    return 0" },
        { "replies twice", "def f(x):\n    line('{\"ok\":400}')\n    line('{\"ok\":9}')\n    return 0" },
        { "has the checker evaluate", "def f(x):\n    for on in ('{\"t\":\"builtin\",\"v\":\"eval\"}', '{\"t\":\"own\",\"v\":0}', '{\"t\":\"name\",\"v\":\"task\"}'):\n        line('{\"do\":\"call\",\"on\":%s,\"a\":[\"task\"],\"k\":{\"t\":\"dict\",\"v\":[]},\"m\":false}' % on)\n        got = parse(block())\n        if 'ok' in got: return 400 if x == 20 else 9\n    return 0" },
        { "raises what stops the checker", "class Stop(BaseException): pass\nclass Gone(BaseException): pass\ndef f(x): raise Gone('passed')" },
    };

    [Fact]
    public async Task HarmfulPrograms_AreContained_ManyAtOnce()
    {
        code.Need();
        string[] wrong = await Task.WhenAll(s_harmful.Select(async one =>
        {
            Score score = await code.Quick.GradeAsync(s_problem, one.Program, TestContext.Current.CancellationToken);
            return score is { Reward: 0, Exact: false, Outcome: not Outcome.Failed, Info.Length: > 0 } ? "" : $"{one.Attack}: {score}";
        }));
        Assert.All(wrong, Assert.Empty);
    }

    [Theory, MemberData(nameof(Curious))]
    public async Task ACuriousProgram_FindsNothing(string attack, string program)
    {
        Score score = await code.Patient.GradeAsync(
            new CodeProblem { Cases = ["assert f() == [], f()"] },
            $"def f():\n    found = []\n{string.Concat(program.Split('\n').Select(line => $"    {line}\n"))}    return found",
            TestContext.Current.CancellationToken);
        Assert.True(score.Exact, $"{attack}: {score}");
    }

    [Theory, MemberData(nameof(Cheating))]
    public async Task ACheatingProgram_GetsNothing(string attack, string program)
    {
        Score score = await code.Shares.GradeAsync(s_problem, program, TestContext.Current.CancellationToken);
        Assert.True(score is { Reward: 0, Exact: false }, $"{attack}: {score}");
        Assert.NotEqual(Outcome.Failed, score.Outcome);
    }

    [Fact]
    public async Task AProgramThatSleeps_IsGoneWithAllItStartedSoonAfterItsTime()
    {
        code.Need();
        using SandboxPool pool = new(new SandboxLimits(), 1);
        Sandbox sandbox = pool.Rent(TestContext.Current.CancellationToken);
        int process = sandbox.ProcessId;
        string[] before = Descendants(process);
        Assert.Throws<SandboxEndedException>(() => sandbox.Ask(
            TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(0.2), CancellationToken.None, "import time\ntime.sleep(1000)"u8.ToArray()));
        long started = Stopwatch.GetTimestamp();
        sandbox.Dispose();
        while (before.Any(one => Directory.Exists($"/proc/{one}")) && Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(10))
        {
            await Task.Yield();
        }
        Assert.NotEmpty(before);
        Assert.All(before, one => Assert.False(Directory.Exists($"/proc/{one}"), $"process {one} is still there"));
    }

    [Fact]
    public async Task AfterAllThat_TheNextProgramIsJudgedAsEver()
    {
        Score score = await code.Quick.GradeAsync(s_problem, "def f(x): return x * x", TestContext.Current.CancellationToken);
        Assert.Equal((1, true, Outcome.Scored), (score.Reward, score.Exact, score.Outcome));
    }

    private static string[] Descendants(int process)
    {
        List<string> found = [];
        string next = $"{process}";
        while (next.Length > 0)
        {
            found.Add(next);
            next = File.ReadAllText($"/proc/{next}/task/{next}/children").Split(' ')[0];
        }
        return [.. found];
    }
}

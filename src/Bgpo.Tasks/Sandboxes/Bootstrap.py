# The first code in a sandbox: takes the limits, hides the pipes behind /dev/null, says that it is ready, and runs the source that
# comes as the first block. A block is its length in decimal, a line feed, and that many bytes.
import os, resource, sys

cpu, memory, threads, files = map(int, sys.argv[1:5])
os.environ.clear()
os.umask(0o77)
sys.path[:] = [path for path in sys.path if path]
sys.argv[:] = ["program"]
receive = os.fdopen(os.dup(0), "rb")
send = os.dup(1)
null = os.open("/dev/null", os.O_RDWR)
for descriptor in (0, 1, 2):
    os.dup2(null, descriptor)
os.close(null)
# A core limit of 1 byte keeps the kernel from starting the machine's crash handler, which a limit of 0 does not.
for what, limit in ((resource.RLIMIT_CORE, 1), (resource.RLIMIT_CPU, cpu), (resource.RLIMIT_FSIZE, files),
                    (resource.RLIMIT_NOFILE, 64), (resource.RLIMIT_MEMLOCK, 0), (resource.RLIMIT_NPROC, threads),
                    (resource.RLIMIT_AS, memory)):
    most = resource.getrlimit(what)[1]
    limit = limit if most == resource.RLIM_INFINITY else min(limit, most)
    resource.setrlimit(what, (limit, limit))


def block():
    size = receive.readline()
    if not size:
        os._exit(0)
    return receive.read(int(size))


def line(text):
    data = text.encode("utf-8", "surrogatepass") + b"\n"
    while data:
        data = data[os.write(send, data):]


line("ready")
exec(compile(block(), "<sandbox>", "exec"), {"__name__": "sandbox", "block": block, "line": line})

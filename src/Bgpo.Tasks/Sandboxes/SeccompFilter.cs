using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Bgpo.Tasks.Sandboxes;

/// <summary>
/// The system calls that a program in a sandbox may not make, as the classic BPF program that seccomp(2) takes. No new processes
/// (threads may be), so that a limit for one process is a limit for all; no sockets; no memory that RLIMIT_AS does not count;
/// nothing of the kernel that Python needs not. A refused call fails with EPERM.
/// </summary>
internal static class SeccompFilter
{
    private const uint ArchitectureX64 = 0xC000003E;
    private const uint FirstX32Call = 0x40000000;
    private const uint CloneThread = 0x00010000;

    private const int Clone = 56;
    private const int Clone3 = 435;

    // BPF opcodes (linux/bpf_common.h) and what a filter returns (linux/seccomp.h).
    private const ushort LoadWord = 0x20;
    private const ushort JumpIfEqual = 0x15;
    private const ushort JumpIfAtLeast = 0x35;
    private const ushort JumpIfAnyBit = 0x45;
    private const ushort Return = 0x06;
    private const uint Allow = 0x7FFF0000;
    private const uint KillProcess = 0x80000000;
    private const uint NotPermitted = 0x00050001;
    private const uint NoSuchCall = 0x00050026;

    // Offsets in struct seccomp_data.
    private const uint Number = 0;
    private const uint Architecture = 4;
    private const uint FirstArgument = 16;

    /// <summary>Numbers of x86-64 (asm/unistd_64.h).</summary>
    private static readonly int[] s_refused =
    [
        57, 58, // fork, vfork
        101, 310, 311, 312, // ptrace, process_vm_readv, process_vm_writev, kcmp
        41, // socket; a pair of connected ones (socketpair) may be
        29, 64, 68, 240, 319, 447, // shmget, semget, msgget, mq_open, memfd_create, memfd_secret: memory of no process
        155, 161, 165, 166, 272, 308, // pivot_root, chroot, mount, umount2, unshare, setns
        428, 429, 430, 431, 432, 433, 442, // open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr
        248, 249, 250, // add_key, request_key, keyctl
        298, 321, 323, 425, 426, 427, // perf_event_open, bpf, userfaultfd, io_uring_*
        175, 176, 246, 313, 320, // init_module, delete_module, kexec_load, finit_module, kexec_file_load
        103, 135, 154, 163, 167, 168, 169, 170, 171, 172, 173, 179, // syslog, personality, modify_ldt, acct, swap*, reboot, ...
        212, 303, 304, // lookup_dcookie, name_to_handle_at, open_by_handle_at
        153, 159, 164, 227, 305, // vhangup, adjtimex, settimeofday, clock_settime, clock_adjtime
    ];

    private static readonly Lazy<SafeFileHandle> s_file = new(Write);

    /// <summary>A file that holds the program, open in this process and of no other name.</summary>
    public static string Path => $"/proc/{Environment.ProcessId}/fd/{s_file.Value.DangerousGetHandle()}";

    /// <summary>The program: instructions of 8 bytes.</summary>
    public static byte[] Program()
    {
        List<(ushort Code, byte True, byte False, uint Value)> code =
        [
            (LoadWord, 0, 0, Architecture),
            (JumpIfEqual, 1, 0, ArchitectureX64),
            (Return, 0, 0, KillProcess),
            (LoadWord, 0, 0, Number),
            (JumpIfAtLeast, 0, 1, FirstX32Call),
            (Return, 0, 0, NotPermitted),
            // The C library takes clone where clone3, whose flags lie in memory that a filter cannot read, is not there.
            (JumpIfEqual, 0, 1, Clone3),
            (Return, 0, 0, NoSuchCall),
            (JumpIfEqual, 0, 4, Clone),
            (LoadWord, 0, 0, FirstArgument),
            (JumpIfAnyBit, 0, 1, CloneThread),
            (Return, 0, 0, Allow),
            (Return, 0, 0, NotPermitted),
        ];
        foreach (int number in s_refused)
        {
            code.Add((JumpIfEqual, 0, 1, (uint)number));
            code.Add((Return, 0, 0, NotPermitted));
        }
        code.Add((Return, 0, 0, Allow));

        var bytes = new byte[8 * code.Count];
        for (int i = 0; i < code.Count; i++)
        {
            Span<byte> at = bytes.AsSpan(8 * i);
            BinaryPrimitives.WriteUInt16LittleEndian(at, code[i].Code);
            (at[2], at[3]) = (code[i].True, code[i].False);
            BinaryPrimitives.WriteUInt32LittleEndian(at[4..], code[i].Value);
        }
        return bytes;
    }

    private static SafeFileHandle Write()
    {
        string path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), System.IO.Path.GetRandomFileName());
        SafeFileHandle file = File.OpenHandle(
            path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        File.Delete(path);
        RandomAccess.Write(file, Program(), 0);
        return file;
    }
}

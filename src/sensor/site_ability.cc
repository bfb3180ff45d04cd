#include "sensor/site_ability.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "sensor/probe.h"

namespace catena::sensor {
namespace {

using functions::Ability;
using functions::kSiteInstructions;
using functions::SiteKind;

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kMapsBytes = std::size_t{1} << 18U;
constexpr std::uint8_t kBreakpoint =
    0xcc;  // what the kernel puts in the place of an instruction with a probe
constexpr std::uint8_t kRet = 0xc3;

// A function that begins with each instruction, in the order of functions::SiteInstruction; the rest is
// `ret`.
struct Sample {
    const char* name;
    std::array<std::uint8_t, 8> code;
};
constexpr std::array<Sample, kSiteInstructions> kSamples = {{
    {"nop", {0x90, kRet}},
    {"5-byte nop", {0x0f, 0x1f, 0x44, 0x00, 0x00, kRet}},
    {"push", {0x53, 0x5b, kRet}},                           // %rbx; pop %rbx
    {"push of r8 to r15", {0x41, 0x54, 0x41, 0x5c, kRet}},  // %r12; pop %r12
    {"call", {0xe8, 0x01, 0x00, 0x00, 0x00, kRet, kRet}},   // over the first ret to the second
    {"jump", {0xeb, 0x00, kRet}},
    {"conditional jump", {0x74, 0x00, kRet}},
}};

// A file in memory with that at its beginning.
base::Result<base::Fd> make_file(std::span<const std::uint8_t> code) {
    base::Fd file(::memfd_create("catena-site", MFD_CLOEXEC));
    if (!file) return base::fail_errno("making a file in memory");
    std::array<std::uint8_t, kPageBytes> page{};
    page.fill(kRet);
    std::ranges::copy(code.first(std::min(code.size(), page.size())), page.begin());
    if (::write(file.get(), page.data(), page.size()) != static_cast<ssize_t>(page.size()))
        return base::fail_errno("writing a file in memory");
    return file;
}

// Whether this process has a mapping of that name. Between fork and exit, so nothing here allocates.
bool has_mapping(std::string_view name) {
    static std::array<char, kMapsBytes> text;
    const base::Fd maps(::open("/proc/self/maps", O_RDONLY | O_CLOEXEC));
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t got = ::read(maps.get(), text.data() + size, text.size() - size);
        if (got <= 0) break;
        size += static_cast<std::size_t>(got);
    }
    return std::string_view(text.data(), size).find(name) != std::string_view::npos;
}

// In the child: calls the function at the beginning of the file, and says how the kernel got past the probe.
[[noreturn]] void run_site(int file, std::uint8_t first_byte) {
    void* code = ::mmap(nullptr, kPageBytes, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
    const auto* const site = static_cast<const volatile std::uint8_t*>(code);
    if (code == MAP_FAILED || *site != kBreakpoint) ::_exit(static_cast<int>(SiteKind::Refused));
    for (int calls = 0; calls < 3; ++calls)
        reinterpret_cast<void (*)()>(reinterpret_cast<std::uintptr_t>(code))();
    const bool replaced = *site != kBreakpoint && *site != first_byte;
    ::_exit(static_cast<int>(has_mapping("[uprobes]\n") ? SiteKind::SingleStepped
                             : replaced                 ? SiteKind::OptimisedNop
                                                        : SiteKind::Emulated));
}

// In the child: takes all system calls but one away from itself, and calls the function.
[[noreturn]] void run_filtered(int file) {
    void* code = ::mmap(nullptr, kPageBytes, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
    std::array<sock_filter, 4> filter = {{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                                          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
                                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                                          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)}};
    sock_fprog program{};
    program.len = filter.size();
    program.filter = filter.data();
    if (code == MAP_FAILED || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        ::_exit(1);
    for (int calls = 0; calls < 3; ++calls)
        reinterpret_cast<void (*)()>(reinterpret_cast<std::uintptr_t>(code))();
    ::_exit(0);
}

// What became of a process that `run` ends while a probe of that kind is on the function it calls, as waitpid
// says. The errno of what cannot be probed is that of the kernel.
template <class Run>
base::Result<int> run_probed(std::span<const std::uint8_t> function, UprobeKind kind, UprobeWay way,
                             Run run) {
    const auto file = make_file(function);
    if (!file) return std::unexpected(file.error());
    const auto link = attach_empty_uprobe(fmt::format("/proc/self/fd/{}", file->get()), 0, kind, way);
    if (!link) return std::unexpected(link.error());
    const pid_t child = ::fork();
    if (child < 0) return base::fail_errno("starting a process");
    if (child == 0) run(file->get());
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return base::fail_errno("waiting for a process");
    }
    return status;
}

const char* in_words(SiteKind kind) {
    switch (kind) {
        case SiteKind::OptimisedNop:
            return "optimised";
        case SiteKind::Emulated:
            return "emulated";
        case SiteKind::SingleStepped:
            return "single-stepped";
        case SiteKind::Refused:
            break;
    }
    return "refused";
}

}  // namespace

base::Result<SiteKind> try_site(std::span<const std::uint8_t> function, UprobeWay way) {
    const auto status = run_probed(function, UprobeKind::Entry, way,
                                   [&function](int file) { run_site(file, function.front()); });
    // 524 is ENOTSUPP of the kernel: not on this instruction.
    if (!status && status.error().errno_value == 524) return SiteKind::Refused;
    if (!status) return std::unexpected(status.error());
    // One that was killed did not survive the probe.
    const int code = WIFEXITED(*status) ? WEXITSTATUS(*status) : static_cast<int>(SiteKind::Refused);
    return static_cast<SiteKind>(std::min(code, static_cast<int>(SiteKind::Refused)));
}

base::Result<bool> survives_seccomp(std::span<const std::uint8_t> function, UprobeKind kind, UprobeWay way) {
    const auto status = run_probed(function, kind, way, run_filtered);
    if (!status) return std::unexpected(status.error());
    if (WIFEXITED(*status) && WEXITSTATUS(*status) != 0)
        return base::fail(base::ErrorCode::NotSupported, "the kernel takes no seccomp filter");
    return WIFEXITED(*status);
}

base::Result<bool> returns_survive_seccomp(UprobeWay way) {
    return survives_seccomp(kSamples.at(static_cast<std::size_t>(functions::SiteInstruction::Push)).code,
                            UprobeKind::Return, way);
}

base::Result<Ability> try_sites(UprobeWay way) {
    Ability ability;
    for (std::size_t i = 0; i < kSiteInstructions; ++i) {
        const auto kind = try_site(kSamples.at(i).code, way);
        if (!kind) return std::unexpected(kind.error());
        ability.kinds.at(i) = *kind;
        if (*kind != SiteKind::OptimisedNop) continue;
        const auto survives = survives_seccomp(kSamples.at(i).code, UprobeKind::Entry, way);
        if (survives && !*survives) ability.kinds.at(i) = SiteKind::Refused;
    }
    return ability;
}

std::string describe(const Ability& ability) {
    std::string text;
    for (std::size_t i = 0; i < kSiteInstructions; ++i) {
        text +=
            fmt::format("{}{}: {}", i == 0 ? "" : ", ", kSamples.at(i).name, in_words(ability.kinds.at(i)));
    }
    return text;
}

}  // namespace catena::sensor

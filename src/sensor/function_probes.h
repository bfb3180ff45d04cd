// FunctionProbes: the probes on user functions of one recording (bpf/functions.bpf.c). One thread. Probes go
// away with the object.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "event/batch.h"
#include "event/function.h"
#include "sensor/function_contexts.h"
#include "sensor/probe.h"

struct bpf_link;
struct bpf_program;
struct catena_bpf;  // NOLINT(readability-identifier-naming): the name that bpftool gives

namespace catena::sensor {

enum class FunctionsMode : std::uint8_t {
    None,
    Count,  // by function and caller, nothing is told before the end
    Once,   // the first call of each; then its probe goes away
    Events  // each call
};

// Where the probe of a function goes.
struct FunctionProbe {
    std::uint32_t function = 0;  // below CAT_FUNCTIONS_MAX
    std::string binary;
    std::uint64_t file_offset = 0;
    std::int32_t stack_bytes = 0;    // the stack pointer at the entry is that at the probe plus this
    std::uint32_t code_bytes = 0;    // of the function from the probe on; 0 where that is not known
    bool outermost = false;          // no watched function calls it
    bool timed = false;              // with a probe on its return, too
    std::uint64_t entry_offset = 0;  // of its first instruction in the file, where it is timed
};

// A probe that the kernel did not accept.
struct RefusedProbe {
    std::uint32_t function = 0;
    std::string reason;
    bool is_return = false;  // only the one on its return
};

// Whether events are told with the functions that made their system calls.
[[nodiscard]] inline bool tells_contexts(FunctionsMode mode) {
    return mode == FunctionsMode::Count || mode == FunctionsMode::Events;
}

// Before loading: which of the programs and maps for functions there are to be.
void choose_function_programs(catena_bpf& skeleton, FunctionsMode mode);

class FunctionProbes {
  public:
    FunctionProbes() = default;
    FunctionProbes(const FunctionProbes&) = delete;
    FunctionProbes& operator=(const FunctionProbes&) = delete;
    ~FunctionProbes() { detach(); }

    // What a thread that ends, or execs, has kept back is told by programs of their own: attached before all
    // others, so that they run first.
    base::Status prepare(catena_bpf& skeleton, FunctionsMode mode);

    // In all processes that have the files mapped, or will. Probes that the kernel refuses are left out and
    // returned. Fails where it accepts none of them, whatever the site.
    base::Result<std::vector<RefusedProbe>> attach(std::span<const FunctionProbe> probes);

    // Once: takes the probes away whose function has been called, where that is worth it: often, or a while
    // ago.
    base::Status drop_hit();

    void detach();

    // What was counted until now; of Once, the functions that were called.
    base::Result<std::vector<event::FunctionCount>> counts() const;

    // The paths of functions that are new since the last time (sensor/function_contexts.h).
    void take_contexts(event::Batch& out) { contexts_.take(last_function_, out); }

    [[nodiscard]] FunctionsMode mode() const { return mode_; }

  private:
    struct LinkDeleter {
        void operator()(bpf_link* link) const;
    };
    using Link = std::unique_ptr<bpf_link, LinkDeleter>;
    // Probes of one file, attached together.
    struct Group {
        std::vector<FunctionProbe> probes;
        Link link;
    };
    // Null, and errno, where the kernel refuses one of them.
    Link link_of(std::span<const FunctionProbe> probes, UprobeKind kind) const;
    void attach_group(std::vector<FunctionProbe> probes, UprobeKind kind, std::vector<RefusedProbe>& refused);
    std::vector<std::uint64_t> hits() const;

    FunctionsMode mode_ = FunctionsMode::None;
    const bpf_program* program_ = nullptr;
    const bpf_program* return_program_ = nullptr;
    int edges_map_ = -1;
    int hits_map_ = -1;
    FunctionContexts contexts_;
    std::uint32_t last_function_ = 0;
    std::int64_t last_drop_ns_ = 0;
    std::vector<Link> task_links_;
    std::vector<Group> groups_;
    std::vector<Group> return_groups_;
};

}  // namespace catena::sensor

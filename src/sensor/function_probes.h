// FunctionProbes: the probes on user functions of one recording (bpf/functions.bpf.c), put there in the way
// that the kernel knows (sensor/uprobe_set.h). One thread. Probes go away with the object.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "event/batch.h"
#include "event/function.h"
#include "sensor/function_contexts.h"
#include "sensor/uprobe_set.h"

struct bpf_link;
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

// Before loading: which of the programs and maps for functions there are to be, and how they will be
// attached.
void choose_function_programs(catena_bpf& skeleton, FunctionsMode mode, UprobeWay way);

// Told how many of how many probes are placed. False stops it.
using Placed = std::function<bool(std::size_t done, std::size_t all)>;

class FunctionProbes {
  public:
    FunctionProbes() = default;
    FunctionProbes(const FunctionProbes&) = delete;
    FunctionProbes& operator=(const FunctionProbes&) = delete;
    ~FunctionProbes() { detach(); }

    // What a thread that ends, or execs, has kept back is told by programs of their own: attached before all
    // others, so that they run first.
    base::Status prepare(catena_bpf& skeleton, FunctionsMode mode, UprobeWay way);

    // In all processes that have the files mapped, or will. Probes that the kernel refuses are left out and
    // returned. Fails where it accepts none of them, whatever the site, where there cannot be so many, and
    // with EINTR where `placed` has stopped it.
    base::Result<std::vector<RefusedProbe>> attach(std::span<const FunctionProbe> probes,
                                                   const Placed& placed);

    // Once: takes the probes away whose function has been called, where that is worth it: often, or a while
    // ago.
    base::Status drop_hit();

    // From now on nothing is told or counted. Where the kernel takes long to take probes away, that goes on
    // behind it.
    void detach();
    // How many probes are still to go away, after so long at most.
    std::size_t wait(std::chrono::milliseconds at_most);

    // What was counted until now; of Once, the functions that were called.
    base::Result<std::vector<event::FunctionCount>> counts() const;

    // The paths of functions that are new since the last time (sensor/function_contexts.h).
    void take_contexts(event::Batch& out) { contexts_.take(last_function_, out); }

    [[nodiscard]] FunctionsMode mode() const { return mode_; }
    [[nodiscard]] UprobeWay way() const { return way_; }

  private:
    struct LinkDeleter {
        void operator()(bpf_link* link) const;
    };
    using Link = std::unique_ptr<bpf_link, LinkDeleter>;
    base::Status attach_file(const std::string& binary, const std::vector<FunctionProbe>& probes,
                             const UprobeSet::More& more, std::vector<RefusedProbe>& refused);
    std::vector<std::uint64_t> hits() const;

    FunctionsMode mode_ = FunctionsMode::None;
    UprobeWay way_ = UprobeWay::Together;
    volatile std::uint32_t* over_ = nullptr;  // what the programs look at
    int edges_map_ = -1;
    int hits_map_ = -1;
    FunctionContexts contexts_;
    std::uint32_t last_function_ = 0;
    std::int64_t last_drop_ns_ = 0;
    std::uint64_t dropped_ = 0;  // functions whose probes were taken away
    std::vector<Link> task_links_;
    std::unique_ptr<UprobeSet> entries_;
    std::unique_ptr<UprobeSet> returns_;
};

}  // namespace catena::sensor

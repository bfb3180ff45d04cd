// Sensor: loads the kernel programs, reads what they report, and says what was lost. One thread, but for the
// snapshot, which runs on its own while the ring buffer is read, and where it says otherwise.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "event/batch.h"
#include "sensor/function_probes.h"
#include "sys/cgroup.h"

namespace catena::sensor {

enum class Scope : std::uint8_t {
    Tree,   // marked processes and all that they fork
    Host,   // everything but the recorder
    Cgroup  // one cgroup and those below it
};

enum class Fidelity : std::uint8_t {
    Causal,  // edges; what repeats itself without a change of answers is merged in the kernel
    Full     // each call
};

struct Options {
    Scope scope = Scope::Tree;
    Fidelity fidelity = Fidelity::Causal;
    sys::Cgroup cgroup;                      // for Scope::Cgroup
    std::uint64_t ring_bytes = 16ULL << 20;  // a power of two, at least a page
    FunctionsMode functions = FunctionsMode::None;
    UprobeWay uprobes = UprobeWay::Together;  // as best_uprobe_way() says, but for tests
    // Where make_room() puts aside what the ring holds, and how much at most.
    std::string backlog_folder = ".";
    std::uint64_t backlog_bytes = 0;
};

// What the sensor knows about itself at a moment.
struct Progress {
    std::uint64_t seen = 0;
    std::uint64_t stored = 0;  // handed to the caller
    std::uint64_t merged = 0;
    std::uint64_t filtered = 0;
    std::uint64_t lost = 0;
    std::uint64_t calls = 0;  // full fidelity
    std::uint64_t lost_calls = 0;
    std::uint64_t function_calls = 0;
    std::uint64_t lost_function_calls = 0;
    std::uint64_t backlog_bytes = 0;  // put aside, and not stored yet
    bool waits_uncounted = false;     // threads keep calls back that none of these counts yet
    std::int64_t live_processes = 0;  // of Scope::Tree
};

class Sensor {
  public:
    // Loads and attaches the programs; recording begins. NotPermitted without the rights to, NotSupported
    // where the kernel lacks BTF or refuses a program (the message says which).
    static base::Result<std::unique_ptr<Sensor>> create(const Options& options);

    virtual ~Sensor() = default;

    // Marks a process that has not done anything yet (stopped before its exec) as the root of the tree.
    virtual base::Status track(int pidfd) = 0;

    // Marks a running process and its descendants.
    virtual base::Status track_tree(std::int32_t pid) = 0;

    // Watches functions, as Options::functions says; once. Those that the kernel refused are returned. EINTR
    // where `placed` has stopped it.
    virtual base::Result<std::vector<RefusedProbe>> watch_functions(std::span<const FunctionProbe> probes,
                                                                    const Placed& placed) = 0;

    // FunctionsMode::Once: takes away the probes of functions that were called. Due several times a second.
    virtual base::Status drop_called_functions() = 0;

    // What Count and Once have counted until now.
    virtual base::Result<std::vector<event::FunctionCount>> function_counts() = 0;

    // Starts describing processes, and the open files of those recorded, from before. poll() must go on
    // meanwhile.
    virtual void start_snapshot() = 0;
    [[nodiscard]] virtual bool snapshot_done() const = 0;

    // A descriptor that is readable when records wait; it may stay silent for a little while when there are
    // few.
    [[nodiscard]] virtual int wait_fd() const = 0;

    // Takes what waits, up to a bounded number of records, into `out`. True where more waits.
    virtual bool poll(event::Batch& out) = 0;

    // Asks the kernel for the sums of what was merged, and for the calls that threads keep back; poll() gets
    // them. Due once a second, so that a killed recorder loses no more than that.
    virtual base::Status collect_waiting() = 0;
    // How full the ring is, from 0 to 1. From any thread.
    [[nodiscard]] virtual double fill() const = 0;
    // Where the ring is more than half full: puts aside what it holds, for poll() to take later. From any
    // thread; it waits for a poll() that is going on.
    virtual void make_room() = 0;
    // How many bytes are put aside; an error where what was cannot be read back.
    [[nodiscard]] virtual base::Result<std::uint64_t> backlog_bytes() = 0;

    // Detaches the programs: nothing more is recorded. What waits can still be polled.
    virtual void stop() = 0;

    // After stop(): how many probes on functions, which do nothing any more, the kernel has yet to take away,
    // after so long at most. The destructor waits for all of them.
    virtual std::size_t wait_for_probes(std::chrono::milliseconds at_most) = 0;

    // One row for each CPU, up to now. After stop() and the last poll() they are final.
    virtual std::vector<event::Accounting> accounting() = 0;
    virtual Progress progress() = 0;

    // Entity descriptions that found the ring full, malformed records, names forgotten for want of room.
    struct Troubles {
        std::uint64_t lost_descriptions = 0;
        std::uint64_t lost_merged = 0;  // merged calls whose count, bytes and last time were lost
        std::uint64_t malformed = 0;
        std::uint64_t forgotten = 0;
        bool snapshot_failed = false;  // what was there before recording may lack its name
    };
    virtual Troubles troubles() = 0;

    // Clock offset to time since 1970, boot id, kernel and host names…: for the recording's meta table.
    virtual std::map<std::string, std::string> description() = 0;
};

// For `catena doctor`: tries each program and feature by itself.
struct Finding {
    std::string what;
    bool works = false;
    bool needed = false;  // recording needs it
    std::string detail;   // what it is good for
    std::string error;    // where it does not work: what the kernel said
};
std::vector<Finding> examine();

}  // namespace catena::sensor

// ProcessTable: the processes that are alive as far as the recording has told, and which process has which
// pid. A process that has ended is forgotten, save that its pid still leads to it for long. Bounded: where
// too many are alive, those that nothing was heard of are forgotten; one that does something then is met
// again. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/generation_map.h"
#include "event/entity.h"
#include "sensor/attribution_table.h"
#include "wire/records.h"

namespace catena::sensor {

class ProcessTable {
  public:
    // `boot_to_real_ns` added to the kernel's boot time gives time since 1970.
    explicit ProcessTable(std::int64_t boot_to_real_ns);

    // The path of an executable's file, as described before.
    void name_file(event::EntityId id, const std::string& path);

    // The path of a cgroup that was made.
    void name_cgroup(std::uint64_t id, std::string_view path) { attributions_.name_cgroup(id, path); }

    // A process was described. Its image goes to `out`, after exec only once all its arguments are there.
    void describe(const cat_process& record, std::vector<event::ProcessImage>& out);
    void add_arguments(const cat_args& record, std::size_t len, std::vector<event::ProcessImage>& out);

    // The exec event came: whatever arguments arrived have to do.
    void finish_exec(event::EntityId process, std::vector<event::ProcessImage>& out);

    // An event names a process. If nobody described it (its description was lost), what /proc says goes
    // to `out`.
    void meet(event::EntityId id, std::int32_t pid, std::uint64_t start_ns, std::int64_t now_ns,
              std::vector<event::ProcessImage>& out);

    void ended(event::EntityId id);

    // The user's name on this host, or its number.
    std::string user_name(std::uint32_t uid) { return attributions_.user_name(uid); }

    // The process that has, or last had, a pid; none where it is not known.
    event::EntityId with_pid(std::int32_t pid);

    // Processes alive that were forgotten to stay within bounds.
    [[nodiscard]] std::uint64_t forgotten() const { return alive_.forgotten(); }

  private:
    struct Alive {
        event::ProcessImage image;
        std::string arguments;  // of an exec, NUL after each
        std::size_t arguments_expected = 0;
        bool exec_pending = false;
    };
    void finish_exec(Alive process, std::vector<event::ProcessImage>& out);
    void keep(Alive process);

    std::int64_t boot_to_real_ns_;
    base::GenerationMap<event::EntityId, Alive> alive_;
    base::GenerationMap<std::int32_t, event::EntityId> by_pid_;       // of those alive
    base::GenerationMap<std::int32_t, event::EntityId> by_dead_pid_;  // of those that have ended
    base::GenerationMap<event::EntityId, std::string> executables_;
    AttributionTable attributions_;
};

}  // namespace catena::sensor

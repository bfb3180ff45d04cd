// AuditJoiner: gathers the records of one audit event, which stand in the log with those of others between
// them.
//
// Records of an event have its serial number and its time. The kernel sends SYSCALL first and PROCTITLE or
// EOE last. An event without those (older kernels; records of programs) ends when too much waits, or with the
// log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "import/auditd_record.h"

namespace catena::import {

class AuditJoiner {
  public:
    using Event = std::vector<AuditRecord>;
    static constexpr std::size_t kMaxWaiting = 4096;                        // events
    static constexpr std::size_t kMaxWaitingBytes = std::size_t{64} << 20;  // of their lines

    explicit AuditJoiner(std::function<void(const Event&)> complete) : complete_(std::move(complete)) {}

    void add(AuditRecord record);
    // No record follows.
    void finish();

  private:
    using Key = std::tuple<std::string, std::int64_t, std::uint64_t>;  // node, time, serial
    struct Waiting {
        Event records;
        std::size_t bytes = 0;
        std::list<Key>::iterator age;
    };

    void hand_on(const Key& key);

    std::function<void(const Event&)> complete_;
    std::map<Key, Waiting> waiting_;
    std::list<Key> ages_;  // oldest first
    std::size_t bytes_ = 0;
};

}  // namespace catena::import

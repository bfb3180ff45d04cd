#include "import/auditd_joiner.h"

#include <algorithm>
#include <utility>

namespace catena::import {

void AuditJoiner::add(AuditRecord record) {
    const Key key{std::string(record.node()), record.ts_ns(), record.serial()};
    const bool last = record.type() == "EOE" || record.type() == "PROCTITLE";
    auto [found, is_new] = waiting_.try_emplace(key);
    if (is_new) {
        ages_.push_back(key);
        found->second.age = std::prev(ages_.end());
    }
    found->second.bytes += record.size();
    bytes_ += record.size();
    found->second.records.push_back(std::move(record));
    if (last) hand_on(key);
    while (!ages_.empty() && (waiting_.size() > kMaxWaiting || bytes_ > kMaxWaitingBytes))
        hand_on(Key(ages_.front()));
}

void AuditJoiner::hand_on(const Key& key) {
    const auto found = waiting_.find(key);
    const Event records = std::move(found->second.records);
    bytes_ -= found->second.bytes;
    ages_.erase(found->second.age);
    waiting_.erase(found);
    complete_(records);
}

void AuditJoiner::finish() {
    while (!ages_.empty()) hand_on(Key(ages_.front()));
}

}  // namespace catena::import

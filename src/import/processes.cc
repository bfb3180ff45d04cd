#include "import/processes.h"

#include <algorithm>
#include <utility>

namespace catena::import {

void Processes::emit(const event::ProcessImage& image) {
    const auto waits = waiting_.find(image.id);
    if (waits == waiting_.end()) {
        sink_.add(image);
        return;
    }
    waits->second.push_back(image);
    if (++waiting_images_ >= kMaxWaiting) finish();
}

void Processes::acted(const Actor& actor) {
    if (event::ProcessImage* known = current_.find(actor.id); known != nullptr) {
        known->uid = known->euid = actor.uid;
        return;
    }
    event::ProcessImage image{.id = actor.id,
                              .since_ns = actor.ts_ns,
                              .pid = actor.pid,
                              .parent = actor.parent,
                              .uid = actor.uid,
                              .exe = std::string(actor.exe),
                              .comm = std::string(actor.comm),
                              .euid = actor.uid};
    if (!actor.parent) waiting_[actor.id];
    emit(image);
    current_.insert(actor.id, std::move(image));
}

void Processes::forked(event::EntityId parent, event::EntityId child, std::int32_t pid, std::int64_t ts_ns) {
    if (const auto waits = waiting_.find(child); waits != waiting_.end()) {
        for (event::ProcessImage& image : waits->second) {
            image.parent = parent;
            image.start_ns = std::min(ts_ns, waits->second.front().since_ns);
            sink_.add(image);
        }
        if (event::ProcessImage* known = current_.find(child)) known->parent = parent;
        waiting_images_ -= waits->second.size();
        waiting_.erase(waits);
        return;
    }
    const event::ProcessImage* known = current_.find(parent);
    if (known == nullptr || current_.find(child) != nullptr) return;
    event::ProcessImage image = *known;
    image.id = child;
    image.parent = parent;
    image.pid = pid;
    image.since_ns = image.start_ns = ts_ns;
    emit(image);
    current_.insert(child, std::move(image));
}

void Processes::executed(event::EntityId id, std::int64_t ts_ns, std::string exe, std::string cmdline) {
    event::ProcessImage* known = current_.find(id);
    if (known == nullptr) return;
    known->since_ns = ts_ns;
    known->comm = base_name(exe);
    known->exe = std::move(exe);
    known->cmdline = std::move(cmdline);
    emit(*known);
}

void Processes::finish() {
    for (const auto& [id, images] : waiting_) {
        for (const event::ProcessImage& image : images) sink_.add(image);
    }
    waiting_.clear();
    waiting_images_ = 0;
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string plain_path(std::string_view path) {
    std::string plain;
    plain.reserve(path.size());
    while (!path.empty()) {
        if (path.starts_with("//")) {
            path.remove_prefix(1);
        } else if (path.starts_with("/./")) {
            path.remove_prefix(2);
        } else {
            plain += path.front();
            path.remove_prefix(1);
        }
    }
    return plain;
}

}  // namespace catena::import

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
    waits->second.images.push_back(image);
    if (++waiting_images_ >= kMaxWaiting) finish();
}

void Processes::acted(const Actor& actor) {
    if (event::ProcessImage* known = current_.find(actor.id); known != nullptr) {
        known->uid = known->euid = actor.uid;
        // So far only its pid was known, from another's line.
        if (!known->exe.empty() || !known->comm.empty() || (actor.exe.empty() && actor.comm.empty())) return;
        known->exe = actor.exe;
        known->comm = actor.comm;
        emit(*known);
        return;
    }
    event::ProcessImage image{.id = actor.id,
                              .since_ns = actor.ts_ns,
                              .pid = actor.pid,
                              .uid = actor.uid,
                              .exe = std::string(actor.exe),
                              .comm = std::string(actor.comm),
                              .euid = actor.uid};
    waiting_[actor.id].presumed_parent = actor.presumed_parent;
    emit(image);
    current_.insert(actor.id, std::move(image));
}

void Processes::forked(event::EntityId parent, event::EntityId child, std::int32_t pid, std::int64_t ts_ns) {
    if (const auto waits = waiting_.find(child); waits != waiting_.end()) {
        std::vector<event::ProcessImage>& images = waits->second.images;
        for (event::ProcessImage& image : images) {
            image.parent = parent;
            image.start_ns = std::min(ts_ns, images.front().since_ns);
            sink_.add(image);
        }
        if (event::ProcessImage* known = current_.find(child)) {
            known->parent = parent;
            known->start_ns = images.front().start_ns;
        }
        waiting_images_ -= images.size();
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
    for (auto& [id, waiting] : waiting_) {
        const std::int64_t met_ns = waiting.images.front().since_ns;
        for (event::ProcessImage& image : waiting.images) {
            image.parent = waiting.presumed_parent;
            if (image.parent) image.start_ns = met_ns;
            sink_.add(std::move(image));
        }
        if (event::ProcessImage* known = current_.find(id); known != nullptr && waiting.presumed_parent) {
            known->parent = waiting.presumed_parent;
            known->start_ns = met_ns;
        }
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

#include "import/sink.h"

#include <algorithm>
#include <utility>

#include "import/ids.h"

namespace catena::import {
namespace {

constexpr std::size_t kBatch = 16'384;                // events
constexpr std::size_t kKnown = std::size_t{1} << 18;  // entities a generation, 16 MiB each

}  // namespace

Sink::Sink(Append append) : append_(std::move(append)), known_(kKnown) {}

void Sink::add(event::Event event) {
    if (event.id == 0) event.id = next_id_;
    next_id_ = std::max(next_id_, event.id < INT64_MAX ? event.id + 1 : event.id);
    event.last_ns = std::max(event.ts_ns, event.last_ns);
    if (summary_.events == 0) summary_.first_ns = summary_.last_ns = event.ts_ns;
    if (event.ts_ns < summary_.last_ns) ++summary_.out_of_order;
    summary_.last_ns = std::max(summary_.last_ns, event.ts_ns);
    ++summary_.events;
    summary_.merged += event.count - 1;
    batch_.events.push_back(std::move(event));
}

bool Sink::is_news(event::EntityId id, std::uint64_t state) {
    std::uint64_t* known = known_.find(id);
    if (known == nullptr) {
        known_.insert(id, state);
        return true;
    }
    return std::exchange(*known, state) != state;
}

void Sink::add(event::ProcessImage image) { batch_.processes.push_back(std::move(image)); }

void Sink::add(const event::FileName& name) {
    if (is_news(name.id, id_of("file", name.path).value)) batch_.files.push_back(name);
}

void Sink::add(const event::Socket& socket) {
    const std::string text = socket.protocol + '\n' + socket.local + '\n' + socket.remote;
    const std::uint64_t state = id_of("socket", text).value ^ socket.peer.value;
    if (is_news(socket.id, state)) batch_.sockets.push_back(socket);
}

void Sink::add(const event::Object& object) {
    if (is_news(object.id, id_of("object", object.label).value)) batch_.objects.push_back(object);
}

void Sink::pass_unknown(std::string_view kind) {
    pass();
    summary_.unknown_records.count(kind);
}

void Sink::bad(std::uint64_t line, std::string reason) {
    ++summary_.bad;
    if (summary_.first_bad.size() < Summary::kMaxNamed)
        summary_.first_bad.push_back({line, std::move(reason)});
}

// What could not be read is lost as what a full ring buffer loses: a chain over that time says that it may
// have a gap.
void Sink::account() {
    batch_.accounting.push_back({.ts_ns = summary_.last_ns,
                                 .seen = summary_.events + summary_.merged + summary_.nothing + summary_.bad,
                                 .stored = summary_.events,
                                 .merged = summary_.merged,
                                 .filtered = summary_.nothing,
                                 .lost = summary_.bad});
    accounted_bad_ = summary_.bad;
}

base::Status Sink::hand_on() {
    const std::size_t waiting = batch_.events.size() + batch_.processes.size() + batch_.files.size() +
                                batch_.sockets.size() + batch_.objects.size();
    if (waiting < kBatch) return {};
    if (summary_.bad != accounted_bad_) account();
    return flush();
}

base::Status Sink::finish() {
    account();
    return flush();
}

base::Status Sink::flush() {
    numbering_.apply(batch_);
    auto done = append_(batch_);
    batch_ = {};
    return done;
}

}  // namespace catena::import

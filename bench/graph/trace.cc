// graph_trace FILE EDGES [hub]: writes a recording of a made-up host, through the store's writer. A few
// services and a shell live throughout; jobs come and go, a handful at a time: each is forked, runs a
// program, loads libraries, reads files that are popular, recent or its own, writes some, talks over sockets.
// A tenth of the events carries nothing (open, close), an eighth is a sum of merged ones.
//
// With `hub`, every job also writes to one log and reads one settings file: as many edges at two nodes as
// there are elsewhere.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "store/store.h"

namespace {

using catena::event::EntityId;
using catena::event::Event;
using catena::event::Op;

constexpr std::int64_t kStartNs = 1'700'000'000'000'000'000;
constexpr std::int64_t kMeanStepNs = 360'000;  // ten million events an hour
constexpr std::size_t kJobs = 24;              // at a time
constexpr std::size_t kServices = 12;
constexpr std::size_t kSystemFiles = 20'000;
constexpr std::size_t kBatch = 100'000;

class Host {
  public:
    Host(catena::store::Writer& writer, std::uint64_t edges, bool hub)
        : writer_(writer), wanted_(edges), hub_(hub) {
        for (std::size_t i = 0; i < kSystemFiles; ++i)
            system_files_.push_back(new_file(fmt::format("/usr/lib/module-{}.so", i)));
        log_ = new_file("/var/log/hub.log");
        settings_ = new_file("/srv/hub.conf");
        for (std::size_t i = 0; i < kServices; ++i) {
            services_.push_back(new_process({}, fmt::format("/usr/sbin/service-{}", i)));
            logs_.push_back(new_file(fmt::format("/var/log/service-{}.log", i)));
        }
        connections_.resize(kServices);
    }

    bool run() {
        while (edges_ < wanted_) {
            if (jobs_.size() < kJobs) start_job();
            if (below(6) == 0) {
                serve(below(kServices));
            } else {
                step(below(jobs_.size()));
            }
            if (batch_.events.size() >= kBatch && !flush()) return false;
        }
        // What the bench asks about: the last thing that the last job writes.
        const EntityId last = new_file("/srv/out/last");
        add(jobs_.front().process, Op::Write, last, 4096);
        return flush() && writer_.finish().has_value();
    }

  private:
    struct Process {
        EntityId id;
        std::int32_t pid;
    };
    struct Job {
        Process process;
        std::uint64_t left;
        std::vector<EntityId> own;  // files and sockets that it has
    };

    std::uint64_t below(std::uint64_t end) {
        return std::uniform_int_distribution<std::uint64_t>(0, end - 1)(random_);
    }
    // The first ones by far the most often, as libraries are.
    std::uint64_t popular(std::uint64_t end) {
        const double u = std::uniform_real_distribution<double>(0, 1)(random_);
        return static_cast<std::uint64_t>(std::pow(static_cast<double>(end), u)) - 1;
    }
    EntityId next_id() { return {++entities_}; }

    EntityId new_file(std::string path) {
        const EntityId id = next_id();
        batch_.files.push_back({.id = id,
                                .since_ns = now_ns_,
                                .path = std::move(path),
                                .inode = id.value,
                                .dev = 1,
                                .kind = catena::event::FileKind::Regular});
        return id;
    }

    EntityId new_socket() {
        const EntityId id = next_id();
        batch_.sockets.push_back({.id = id,
                                  .since_ns = now_ns_,
                                  .protocol = "tcp",
                                  .local = "10.0.0.1:443",
                                  .remote = fmt::format("198.51.100.{}:{}", below(250), 1024 + below(60000)),
                                  .inode = id.value});
        return id;
    }

    Process new_process(Process parent, std::string exe) {
        const Process process{next_id(), static_cast<std::int32_t>(100 + ++pids_ % 4'000'000)};
        if (parent.id) add(parent, Op::Fork, process.id, 0);
        batch_.processes.push_back({.id = process.id,
                                    .since_ns = now_ns_,
                                    .start_ns = now_ns_,
                                    .pid = process.pid,
                                    .parent = parent.id,
                                    .exe = exe,
                                    .cmdline = fmt::format("{} --job {}", exe, pids_),
                                    .comm = "job"});
        return process;
    }

    void add(Process process, Op op, EntityId object, std::int64_t bytes) {
        now_ns_ += static_cast<std::int64_t>(
            std::exponential_distribution<double>(1.0 / static_cast<double>(kMeanStepNs))(random_));
        Event event;
        event.id = ++events_;
        event.ts_ns = event.last_ns = now_ns_;
        event.op = op;
        event.syscall = to_string(op);
        event.process = process.id;
        event.tid = process.pid;
        event.object = object;
        event.bytes = bytes;
        event.ret = op == Op::Fork ? static_cast<std::int64_t>(pids_) : bytes;
        if (bytes > 0 && below(7) == 0) {
            event.count = 2 + below(100);
            event.last_ns += static_cast<std::int64_t>(below(1'000'000'000));
        }
        if (catena::graph::carries(event)) ++edges_;
        batch_.events.push_back(event);
    }

    std::int64_t some_bytes() { return 1 + static_cast<std::int64_t>(popular(1'000'000)); }

    void start_job() {
        const bool by_service = jobs_.empty() || below(3) == 0;
        const Process parent =
            by_service ? services_[popular(kServices)] : jobs_[below(jobs_.size())].process;
        const std::uint64_t program = popular(400);
        Job job{.process = new_process(parent, fmt::format("/usr/bin/program-{}", program)),
                .left = 10 + popular(400)};
        add(job.process, Op::Exec, system_files_[1000 + program], 0);
        for (std::uint64_t i = 0, loads = 2 + below(8); i < loads; ++i)
            add(job.process, Op::Load, system_files_[popular(1000)], 0);
        jobs_.push_back(std::move(job));
    }

    void step(std::size_t at) {
        Job& job = jobs_[at];
        if (job.left-- == 0) {
            add(job.process, Op::Exit, {}, 0);
            std::swap(job, jobs_.back());
            jobs_.pop_back();
            return;
        }
        if (hub_ && below(2) == 0) {
            const bool write = below(2) == 0;
            add(job.process, write ? Op::Write : Op::Read, write ? log_ : settings_, 100);
            return;
        }
        const std::uint64_t what = below(100);
        if (what < 10) {
            add(job.process, below(2) == 0 ? Op::Open : Op::Close, system_files_[popular(kSystemFiles)], 0);
        } else if (what < 50) {
            add(job.process, Op::Read, system_files_[popular(kSystemFiles)], some_bytes());
        } else if (what < 62 && !written_.empty()) {
            const std::uint64_t back = popular(written_.size());
            add(job.process, Op::Read, written_[written_.size() - 1 - back], some_bytes());
        } else if (what < 70 || job.own.empty()) {
            const bool socket = below(4) == 0;
            job.own.push_back(socket ? new_socket() : new_file(fmt::format("/srv/data/{}", entities_)));
            add(job.process, socket ? Op::Connect : Op::Create, job.own.back(), 0);
            if (!socket) written_.push_back(job.own.back());
        } else {
            add(job.process, below(4) == 0 ? Op::Read : Op::Write, job.own[below(job.own.size())],
                some_bytes());
        }
    }

    void serve(std::size_t service) {
        EntityId& connection = connections_[service];
        if (!connection || below(5) == 0) {
            connection = new_socket();
            add(services_[service], Op::Accept, connection, 0);
            return;
        }
        const Process process = services_[service];
        switch (below(4)) {
            case 0:
                return add(process, Op::Recv, connection, some_bytes());
            case 1:
                return add(process, Op::Send, connection, some_bytes());
            case 2:
                return add(process, Op::Write, logs_[service], 200);
            default:
                return add(process, Op::Read, system_files_[popular(kSystemFiles)], some_bytes());
        }
    }

    bool flush() {
        auto status = writer_.append(batch_);
        if (status) status = writer_.commit();
        if (!status) fmt::print(stderr, "graph_trace: {}\n", status.error().message);
        batch_ = {};
        return status.has_value();
    }

    catena::store::Writer& writer_;
    std::uint64_t wanted_;
    bool hub_;
    std::mt19937_64 random_{20261125};
    catena::event::Batch batch_;
    std::int64_t now_ns_ = kStartNs;
    std::int64_t events_ = 0;
    std::uint64_t edges_ = 0;
    std::uint64_t entities_ = 0;
    std::uint64_t pids_ = 0;
    std::vector<EntityId> system_files_;
    std::vector<EntityId> written_;
    std::vector<EntityId> logs_;
    std::vector<EntityId> connections_;
    std::vector<Process> services_;
    std::vector<Job> jobs_;
    EntityId log_;
    EntityId settings_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        fmt::print(stderr, "usage: graph_trace FILE EDGES [hub]\n");
        return 2;
    }
    const auto writer = catena::store::create_recording(argv[1]);
    if (!writer) {
        fmt::print(stderr, "graph_trace: {}\n", writer.error().message);
        return 4;
    }
    const bool hub = argc > 3 && std::string_view(argv[3]) == "hub";
    return Host(**writer, std::strtoull(argv[2], nullptr, 10), hub).run() ? 0 : 4;
}

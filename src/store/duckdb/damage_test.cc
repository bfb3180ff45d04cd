// Recorders that die, disks that are full, and files that are not what they should be.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <random>

#include "base/fd.h"
#include "store/duckdb/database.h"
#include "store/duckdb/recording_fixture.h"

namespace catena::store {
namespace {

using base::ErrorCode;
using base::Fd;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// A recorder in a process of its own, which is killed in the end. `work` gets the writer and a function that
// tells the test how far it is; the constructor waits until the first such word.
class DyingRecorder {
  public:
    using Work = std::function<void(Writer&, const std::function<void()>& tell)>;

    DyingRecorder(const std::string& path, const Work& work) {
        int ends[2] = {-1, -1};
        if (::pipe(ends) != 0) return;
        told_ = Fd(ends[0]);
        Fd telling(ends[1]);
        pid_ = ::fork();
        if (pid_ != 0) {
            telling.reset();
            wait_for_word();
            return;
        }
        auto writer = create_recording(path);
        if (!writer) ::_exit(1);
        work(**writer, [&] {
            if (::write(telling.get(), "x", 1) != 1) ::_exit(1);
        });
        while (true) ::pause();
    }
    ~DyingRecorder() { kill(); }
    DyingRecorder(const DyingRecorder&) = delete;
    DyingRecorder& operator=(const DyingRecorder&) = delete;

    void wait_for_word() const {
        char word = 0;
        ASSERT_EQ(::read(told_.get(), &word, 1), 1) << "the recorder failed";
    }
    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }
    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    Fd told_;
    pid_t pid_ = -1;
};

// Whether the thread, stopped at a system call, is about to change a file with it.
bool enters_file_change(pid_t pid) {
    __ptrace_syscall_info info = {};
    ::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return false;
    constexpr std::uint64_t kChanges[] = {SYS_write,  SYS_pwrite64,  SYS_fsync,  SYS_fdatasync, SYS_ftruncate,
                                          SYS_unlink, SYS_fallocate, SYS_rename, SYS_openat};
    return std::ranges::find(kChanges, info.entry.nr) != std::end(kChanges);
}

class DamageTest : public RecordingTest {
  protected:
    // Reads all there is, in all ways; false where any of them fails. Must not crash, whatever the file
    // holds.
    static bool read_all(Reader& reader, std::size_t& events) {
        events = 0;
        bool good = bool(reader.events("", [&](event::Event&&) { ++events; }));
        good = reader.processes([](event::ProcessImage&&) {}) && good;
        good = reader.files([](event::FileName&&) {}) && good;
        good = reader.sockets([](event::Socket&&) {}) && good;
        good = reader.objects([](event::Object&&) {}) && good;
        good = reader.accounting() && good;
        return reader.query("FROM entities", [](const Table&) {}, [](const Row&) {}) && good;
    }
    void write_sample() {
        Batch batch = make_batch(1, kEvents);
        for (std::uint64_t i = 1; i <= 2000; ++i) {
            batch.processes.push_back(
                {{i}, 1, 1, 7, {}, 0, 0, "/bin/" + std::to_string(i * 7919), "x", "x", ""});
            batch.files.push_back(
                {{i}, 1, "/f/" + std::to_string(i * 7919), i, 1, 0, event::FileKind::Regular});
        }
        write_recording(path(), batch);
    }
    // Runs a recorder that commits a batch, then commits another and finishes; kills it, in that second half,
    // as it enters its `calls`-th system call that changes a file. False where it ended before.
    bool run_until_call(int calls, std::int64_t batch) const {
        const pid_t pid = ::fork();
        if (pid == 0) {
            ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
            auto writer = create_recording(path());
            if (!writer || !(*writer)->append(make_batch(1, batch)) || !(*writer)->commit()) ::_exit(1);
            ::raise(SIGSTOP);
            if (!(*writer)->append(make_batch(1 + batch, batch)) || !(*writer)->commit()) ::_exit(1);
            ::_exit((*writer)->finish() ? 0 : 1);
        }
        int status = 0;
        while (::waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) && WSTOPSIG(status) != SIGSTOP) {
            ::ptrace(PTRACE_CONT, pid, nullptr, nullptr);
        }
        ::ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
        while (WIFSTOPPED(status)) {
            if (WSTOPSIG(status) == (SIGTRAP | 0x80) && enters_file_change(pid) && --calls == 0)
                ::kill(pid, SIGKILL);
            ::ptrace(PTRACE_SYSCALL, pid, nullptr, nullptr);
            ::waitpid(pid, &status, 0);
        }
        EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << "the recorder failed";
        return WIFSIGNALED(status);
    }
    static constexpr std::int64_t kEvents = 20'000;
};

TEST_F(DamageTest, KilledRecorderLeavesWhatItCommitted) {
    DyingRecorder recorder(path(), [](Writer& writer, const auto& tell) {
        if (!writer.append(make_batch(1, 5000)) || !writer.commit()) ::_exit(1);
        if (!writer.append(make_batch(5001, 5000))) ::_exit(1);
        tell();
    });
    recorder.kill();
    const auto reader = must_open(path());
    EXPECT_EQ(read_events(*reader).size(), 5000U);
    EXPECT_EQ(read_value(*reader, "SELECT max(id) FROM events"), "5000");
}

TEST_F(DamageTest, RecorderKilledAtAnySystemCallOfACommitLeavesAllOrNothingOfIt) {
    constexpr std::int64_t kBatch = 3000;
    int survived = 0;
    for (int calls = 1; run_until_call(calls, kBatch); ++calls) {
        ASSERT_LT(calls, 1000);
        const auto reader = must_open(path());
        ASSERT_NE(reader, nullptr) << "killed at call " << calls;
        const std::string count = read_value(*reader, "SELECT count(*) FROM events");
        EXPECT_EQ(count, read_value(*reader, "SELECT max(id) FROM events"));
        EXPECT_TRUE(count == std::to_string(kBatch) || count == std::to_string(2 * kBatch)) << count;
        survived = calls;
    }
    EXPECT_GT(survived, 10) << "a commit and a checkpoint take more calls than that";
}

TEST_F(DamageTest, TellsWhoHoldsTheRecording) {
    DyingRecorder recorder(path(), [](Writer& writer, const auto& tell) {
        if (!writer.append(make_batch(1, 10)) || !writer.commit()) ::_exit(1);
        tell();
    });
    const auto sentence =
        AllOf(HasSubstr("being written by another recorder (process " + std::to_string(recorder.pid())),
              StartsWith(path()));
    const auto reader = open_recording(path());
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().code, ErrorCode::BadInput);
    EXPECT_THAT(reader.error().message, sentence);
    const auto writer = create_recording(path());
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().code, ErrorCode::BadInput);
    EXPECT_THAT(writer.error().message, sentence);
    recorder.kill();
    EXPECT_EQ(read_events(*must_open(path())).size(), 10U);
}

TEST_F(DamageTest, DoesNotReplaceWhatIsBeingRead) {
    write_recording(path(), make_batch(1, 10));
    const auto reader = must_open(path());
    const auto writer = create_recording(path());
    ASSERT_FALSE(writer);
    EXPECT_THAT(writer.error().message, HasSubstr("is being read"));
    EXPECT_EQ(read_events(*reader).size(), 10U);
}

TEST_F(DamageTest, WriterThatIsNotFinishedLeavesWhatItCommitted) {
    {
        auto writer = create_recording(path());
        ASSERT_TRUE(writer);
        ASSERT_TRUE((*writer)->append(make_batch(1, 10)) && (*writer)->commit());
        ASSERT_TRUE((*writer)->append(make_batch(11, 10)));
    }
    EXPECT_EQ(read_events(*must_open(path())).size(), 10U);
}

TEST_F(DamageTest, FullDiskStopsTheWriterAndKeepsWhatWasCommitted) {
    const std::string mount_point = path("disk");
    std::filesystem::create_directory(mount_point);
    if (::mount("none", mount_point.c_str(), "tmpfs", 0, "size=8m") != 0) {
        GTEST_SKIP() << "cannot mount a small tmpfs: " << std::strerror(errno);
    }
    const std::string trace = mount_point + "/t.catena";
    {
        constexpr std::int64_t kBatch = 10'000;
        auto writer = create_recording(trace);
        ASSERT_TRUE(writer) << writer.error().message;
        std::int64_t committed = 0;
        base::Status status;
        while (committed < 200 * kBatch) {
            status = (*writer)->append(make_batch(committed + 1, kBatch));
            if (status) status = (*writer)->commit();
            if (!status) break;
            committed += kBatch;
        }
        ASSERT_FALSE(status) << "2 M events fit into 8 MB";
        EXPECT_EQ(status.error().errno_value, ENOSPC) << status.error().message;
        EXPECT_THAT(status.error().message, HasSubstr("cannot write " + trace));
        for (const auto& again :
             {(*writer)->append(make_batch(1, 1)), (*writer)->commit(), (*writer)->finish()}) {
            ASSERT_FALSE(again);
            EXPECT_EQ(again.error().message, status.error().message);
        }
        EXPECT_GT(committed, 0);
        writer->reset();
        const auto reader = must_open(trace);
        ASSERT_NE(reader, nullptr);
        EXPECT_EQ(read_events(*reader).size(), static_cast<std::size_t>(committed));
    }
    EXPECT_EQ(::umount(mount_point.c_str()), 0);
}

TEST_F(DamageTest, SaysWhatIsWrongWithWhatIsNoRecording) {
    write_bytes(path("empty"), "");
    write_bytes(path("text"), "hello\n");
    write_bytes(path("zeros"), std::string(100'000, '\0'));
    write_bytes(path("garbage"), std::string(8, 'x') + "DUCK" + std::string(100'000, '\x7f'));
    std::filesystem::create_directory(path("directory"));
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
    {
        auto database = duckdb::Database::open(path("other.db"), {});
        ASSERT_TRUE(database);
        auto connection = database->connect();
        ASSERT_TRUE(connection && connection->run("CREATE TABLE t (a INT)"));
    }
    EXPECT_THAT(open_failure(path("missing")), HasSubstr("there is no such recording"));
    EXPECT_THAT(open_failure(path("empty")), HasSubstr("is empty"));
    EXPECT_THAT(open_failure(path("text")), HasSubstr("is not a recording"));
    EXPECT_THAT(open_failure(path("zeros")), HasSubstr("is not a recording"));
    EXPECT_THAT(open_failure(path("garbage")), HasSubstr("is truncated"));
    EXPECT_THAT(open_failure(path("directory")), HasSubstr("is a directory"));
    EXPECT_THAT(open_failure(path("fifo")), HasSubstr("is not a regular file"));
    EXPECT_THAT(open_failure(path("other.db")), HasSubstr("is a DuckDB database, but not a recording"));
    EXPECT_THAT(open_failure(path("text") + "/x"), HasSubstr("Not a directory"));
    EXPECT_EQ(open_recording(path("missing")).error().code, ErrorCode::BadInput);
}

TEST_F(DamageTest, RefusedPermissionIsToldAsSuch) {
    write_recording(path(), make_batch(1, 1));
    ASSERT_EQ(::chmod(path().c_str(), 0), 0);
    if (::geteuid() == 0 && ::seteuid(65534) != 0) GTEST_SKIP() << "cannot become another user";
    const auto reader = open_recording(path());
    ASSERT_EQ(::seteuid(::getuid()), 0);
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().code, ErrorCode::NotPermitted);
    EXPECT_THAT(reader.error().message, AllOf(HasSubstr(path()), HasSubstr("Permission denied")));
}

TEST_F(DamageTest, TruncatedAnywhereIsToldOrHarmless) {
    write_sample();
    const std::string whole = read_bytes(path());
    std::vector<std::size_t> sizes = {1, 7, 8, 11, 12, 13, 100, 4095, 4096, 8191, 8192, 12287, 12288, 12289};
    for (std::size_t size = 12'288 + 8191; size < whole.size(); size += 24'571) sizes.push_back(size);
    for (std::size_t size = 12'288; size < whole.size(); size += 262'144) sizes.push_back(size);
    sizes.push_back(whole.size() - 1);
    for (const std::size_t size : sizes) {
        write_bytes(path("cut"), std::string_view(whole).substr(0, size));
        const auto reader = open_recording(path("cut"));
        if (!reader) {
            EXPECT_EQ(reader.error().code, ErrorCode::BadInput);
            EXPECT_THAT(reader.error().message, HasSubstr(size < 12 ? "is not a recording" : "is truncated"));
            continue;
        }
        std::size_t events = 0;
        EXPECT_TRUE(read_all(**reader, events)) << size;
        EXPECT_EQ(events, kEvents) << size;
    }
}

TEST_F(DamageTest, ChangedBytesNeverCrash) {
    write_sample();
    const std::string whole = read_bytes(path());
    std::mt19937 random(2);
    for (int i = 0; i < 150; ++i) {
        std::string changed = whole;
        // Half of them in the headers, where most would go unnoticed otherwise.
        const std::size_t end = i % 2 == 0 ? 3 * 4096 : changed.size();
        changed[random() % end] ^= static_cast<char>(1 + random() % 255);
        write_bytes(path("changed"), changed);
        const auto reader = open_recording(path("changed"));
        std::size_t events = 0;
        if (!reader) {
            EXPECT_FALSE(reader.error().message.empty());
        } else if (read_all(**reader, events)) {
            EXPECT_EQ(events, kEvents);
        }
    }
}

TEST_F(DamageTest, TruncatedLogLosesOnlyItsEndAndAChangedOneDoesNotCrash) {
    {
        auto writer = create_recording(path());
        ASSERT_TRUE(writer);
        for (int i = 0; i < 5; ++i) {
            ASSERT_TRUE((*writer)->append(make_batch(1 + i * 1000, 1000)) && (*writer)->commit());
        }
    }
    const std::string log = path("t.catena.wal");
    const std::string whole = read_bytes(log);
    ASSERT_GT(whole.size(), 1000U);
    std::size_t last = 5000;
    for (std::size_t size = whole.size(); size > whole.size() / 50; size -= whole.size() / 50) {
        write_bytes(log, std::string_view(whole).substr(0, size));
        const auto reader = must_open(path());
        ASSERT_NE(reader, nullptr) << size;
        const std::size_t events = read_events(*reader).size();
        EXPECT_EQ(events % 1000, 0U);
        EXPECT_LE(events, last);
        last = events;
    }
    std::mt19937 random(3);
    for (int i = 0; i < 50; ++i) {
        std::string changed = whole;
        changed[random() % changed.size()] ^= static_cast<char>(1 + random() % 255);
        write_bytes(log, changed);
        const auto reader = open_recording(path());  // must not crash
        EXPECT_TRUE(reader || !reader.error().message.empty());
    }
}

}  // namespace
}  // namespace catena::store

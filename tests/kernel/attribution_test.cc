// On whose behalf a process ran: container, unit, user, login, namespaces, as the kernel has them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "harness.h"

namespace catena::kernel_test {
namespace {

using nlohmann::json;

std::string cgroup_tree() {
    std::ifstream mounts("/proc/mounts");
    for (std::string device, where, type, rest;
         mounts >> device >> where >> type && std::getline(mounts, rest);) {
        if (type == "cgroup2") return where;
    }
    return "";
}

class Attribution : public testing::Test {
  protected:
    void SetUp() override {
        if (const std::string reason = why_not_recordable(); !reason.empty()) GTEST_SKIP() << reason;
    }

    // Records a command to its end, and gives what it printed.
    std::string record(const std::vector<std::string>& command, const RunOptions& options = {}) {
        std::vector<std::string> arguments{"record", "-o", trace_, "--"};
        arguments.insert(arguments.end(), command.begin(), command.end());
        const Outcome outcome = catena(std::move(arguments), options);
        EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
        return outcome.out;
    }

    // The process of the exec event that ran the program with this name.
    json process_that_ran(const std::string& program) {
        const auto execs = events_of(trace_, "op = 'exec' and ret >= 0 and path2 like '%/" + program + "'");
        EXPECT_EQ(execs.size(), 1U) << program;
        return execs.empty() ? json::object() : execs[0]["process"];
    }

    TempDir directory_;
    std::string trace_ = directory_.file("t.catena");
};

// Two groups of the v2 tree, named as Docker and systemd name theirs, that go away with the object.
class Groups : public Attribution {
  protected:
    void SetUp() override {
        Attribution::SetUp();
        if (IsSkipped()) return;
        const std::string root = cgroup_tree();
        if (root.empty()) GTEST_SKIP() << "the cgroup v2 tree is not mounted";
        slice_ = root + "/" + slice_name_;
        scope_ = slice_ + "/docker-" + id_ + ".scope";
        service_ = slice_ + "/" + service_name_;
        std::error_code error;
        std::filesystem::create_directory(slice_, error);
        if (error) GTEST_SKIP() << slice_ << ": " << error.message();
        std::filesystem::create_directory(scope_);
        std::filesystem::create_directory(service_);
    }
    void TearDown() override {
        for (const std::string& path : {scope_, service_, slice_}) {
            if (!path.empty()) ::rmdir(path.c_str());
        }
    }

    // A prepare function that moves the process into a group.
    static std::function<void()> joining(std::string group) {
        return [group = std::move(group)] {
            std::ofstream procs(group + "/cgroup.procs");
            procs << "0" << std::flush;
            if (!procs.good()) ::_exit(120);
        };
    }
    void expect_container(const json& process) const {
        EXPECT_EQ(process.value("runtime", ""), "docker") << process;
        EXPECT_EQ(process.value("container", ""), id_);
        EXPECT_EQ(process.value("unit", ""), "docker-" + id_ + ".scope");
    }
    void expect_service(const json& process) const {
        EXPECT_EQ(process.value("unit", ""), service_text_) << process;
        EXPECT_FALSE(process.contains("container"));
        EXPECT_FALSE(process.contains("runtime"));
    }

    std::string number_ = std::to_string(::getpid());
    std::string slice_name_ = "catenatest" + number_ + ".slice";
    std::string service_name_ = "catena-test\\x2d" + number_ + ".service";
    // As text in recordings and JSON is escaped: a literal \\xHH has its backslash doubled.
    std::string service_text_ = "catena-test\\\\x2d" + number_ + ".service";
    std::string id_ = std::string(64 - number_.size(), 'c') + number_;
    std::string slice_;
    std::string scope_;
    std::string service_;
};

TEST_F(Groups, AProcessThatMovesIsSeenInItsNewGroupFromItsNextExecOn) {
    const std::string script =
        "echo $$ > $0/cgroup.procs; /usr/bin/env true; echo $$ > $1/cgroup.procs; : > moved; exec /bin/ls";
    record({"sh", "-c", script, scope_, service_}, {.directory = directory_.path(), .prepare = {}});
    expect_container(process_that_ran("env"));
    expect_service(process_that_ran("ls"));
    // The shell itself is what its last exec made it until then.
    const auto created = events_of(trace_, "op = 'create'");
    ASSERT_FALSE(created.empty());
    EXPECT_FALSE(created[0]["process"].contains("unit")) << created[0];
    EXPECT_EQ(created[0]["process"]["pid"], process_that_ran("ls")["pid"]);
    // By its number: another test's ls may have been there when recording began.
    const std::string ls =
        " from processes where exe like '%/ls' and pid = " + process_that_ran("ls")["pid"].dump();
    EXPECT_EQ(value_of(trace_, "select slice" + ls), slice_name_);
    EXPECT_EQ(value_of(trace_, "select cgroup" + ls), "/" + slice_name_ + "/" + service_text_);
    expect_full_account(trace_);
}

TEST_F(Groups, AGroupsProcessesFromBeforeRecordingHaveTheirContainer) {
    Command shell({"sh"}, {.directory = directory_.path(), .prepare = joining(scope_)});
    const std::string ready = "echo >&9\n";
    ASSERT_EQ(::write(shell.input(), ready.data(), ready.size()), static_cast<ssize_t>(ready.size()));
    ASSERT_TRUE(shell.wait_until_ready());
    Command recorder({catena_path(), "record", "-o", trace_, "--ready-fd", "9", "--cgroup", scope_});
    ASSERT_TRUE(recorder.wait_until_ready());
    const pid_t pid = shell.pid();
    const std::string script = ": > made; /bin/ls; exit\n";
    ASSERT_EQ(::write(shell.input(), script.data(), script.size()), static_cast<ssize_t>(script.size()));
    shell.wait();
    recorder.signal(SIGTERM);
    ASSERT_EQ(recorder.wait().exit_code, 0);
    const auto created = events_of(trace_, "op = 'create'");
    ASSERT_FALSE(created.empty());
    EXPECT_EQ(created[0]["process"]["pid"], pid);
    expect_container(created[0]["process"]);
    expect_container(process_that_ran("ls"));
}

TEST_F(Groups, AGroupThatIsGoneBeforeTheRecorderLooksHasItsName) {
    Command recorder({catena_path(), "record", "-o", trace_, "--ready-fd", "9", "--host"});
    ASSERT_TRUE(recorder.wait_until_ready());
    recorder.signal(SIGSTOP);
    int status = 0;
    ASSERT_EQ(::waitpid(recorder.pid(), &status, WUNTRACED), recorder.pid());
    const std::string brief = std::string(64, 'e');
    const std::string group = slice_ + "/docker-" + brief + ".scope";
    ASSERT_TRUE(std::filesystem::create_directory(group));
    Command command({"/bin/true"}, {.directory = {}, .prepare = joining(group)});
    const std::string pid = std::to_string(command.pid());
    EXPECT_EQ(command.wait().exit_code, 0);
    EXPECT_EQ(::rmdir(group.c_str()), 0);
    recorder.signal(SIGCONT);
    recorder.signal(SIGTERM);
    ASSERT_EQ(recorder.wait().exit_code, 0);
    EXPECT_EQ(value_of(trace_, "select container from processes where pid = " + pid), brief);
}

TEST_F(Groups, HostRecordingsTellContainersAndUnitsApart) {
    Command recorder({catena_path(), "record", "-o", trace_, "--ready-fd", "9", "--host"});
    ASSERT_TRUE(recorder.wait_until_ready());
    const auto run_in = [](const std::string& group) {
        Command command({"/bin/true"}, {.directory = {}, .prepare = joining(group)});
        const pid_t pid = command.pid();
        EXPECT_EQ(command.wait().exit_code, 0);
        return std::to_string(pid);
    };
    const std::string in_container = run_in(scope_);
    const std::string in_service = run_in(service_);
    recorder.signal(SIGTERM);
    ASSERT_EQ(recorder.wait().exit_code, 0);
    const std::string user = "select user || ' ' || uid || ' ' || euid from processes where pid = ";
    EXPECT_EQ(value_of(trace_, user + in_container), "root 0 0");
    EXPECT_EQ(
        value_of(trace_, "select runtime || ' ' || container from processes where pid = " + in_container),
        "docker " + id_);
    EXPECT_EQ(value_of(trace_, "select unit || ' ' || slice from processes where pid = " + in_service),
              service_text_ + " " + slice_name_);
}

TEST_F(Attribution, AUserIsKnownFromTheExecAfterSetuidOn) {
    std::ifstream passwd("/etc/passwd");
    std::string name;
    for (std::string line; std::getline(passwd, line);) {
        if (line.contains(":x:1:1:")) name = line.substr(0, line.find(':'));
    }
    if (name.empty()) GTEST_SKIP() << "/etc/passwd has no user 1";
    record({"setpriv", "--reuid=1", "--regid=1", "--clear-groups", "/usr/bin/env", "true"});
    const json after = process_that_ran("env");
    EXPECT_EQ(after["uid"], 1);
    EXPECT_EQ(after["user"], name);
    const auto setuid = events_of(trace_, "op = 'setuid'");
    ASSERT_FALSE(setuid.empty());
    EXPECT_EQ(setuid.back()["process"]["user"], "root");
    EXPECT_EQ(setuid.back()["process"]["pid"], after["pid"]);
    EXPECT_EQ(setuid.back()["object"]["label"], name);
}

TEST_F(Attribution, InAnotherUserNamespaceAUserIsANumber) {
    if (run({"unshare", "--user", "true"}).exit_code != 0) GTEST_SKIP() << "no user namespaces here";
    record({"unshare", "--user", "/usr/bin/env", "true"});
    EXPECT_EQ(process_that_ran("unshare")["user"], "root");
    EXPECT_EQ(process_that_ran("env")["user"], "0");
}

TEST_F(Attribution, NamespacesAreThoseOfTheProcessItself) {
    if (run({"unshare", "--user", "--pid", "--mount", "--fork", "true"}).exit_code != 0)
        GTEST_SKIP() << "no namespaces here";
    const std::string script = "readlink /proc/self/ns/pid /proc/self/ns/mnt /proc/self/ns/user";
    std::string said = record({"unshare", "--user", "--pid", "--mount", "--fork", "sh", "-c", script});
    std::ranges::replace(said, '\n', ' ');
    EXPECT_EQ(value_of(trace_,
                       "select 'pid:[' || pid_ns || ']' || ' ' || 'mnt:[' || mount_ns || ']' || ' ' || "
                       "'user:[' || user_ns || '] ' from processes where exe like '%/readlink'"),
              said);
    // The parent of a new pid namespace's first process is not in it.
    EXPECT_EQ(value_of(trace_, "select count(distinct pid_ns) from images where exe like '%/unshare'"), "2");
}

TEST_F(Attribution, LoginUserAndSessionOutliveSetuid) {
    // In a child, because a login cannot be undone where loginuid is immutable.
    const auto log_in = [] {
        std::ofstream file("/proc/self/loginuid");
        file << "1" << std::flush;
        if (!file.good()) ::_exit(120);
    };
    if (run({"true"}, {.directory = {}, .prepare = log_in}).exit_code != 0)
        GTEST_SKIP() << "/proc/self/loginuid cannot be written";
    const std::string session =
        record({"setpriv", "--reuid=2", "--regid=2", "--clear-groups", "cat", "/proc/self/sessionid"},
               {.directory = {}, .prepare = log_in});
    const json process = process_that_ran("cat");
    EXPECT_EQ(process["uid"], 2);
    EXPECT_EQ(process["login_uid"], 1);
    EXPECT_EQ(std::to_string(process.value("session", 0U)), session);
    EXPECT_NE(process.value("login_user", ""), "");
    EXPECT_EQ(process["login_user"],
              value_of(trace_, "select max(login_user) from images where login_uid = 1"));
}

TEST_F(Attribution, NoLoginIsNotThere) {
    const auto log_out = [] {
        std::ofstream file("/proc/self/loginuid");
        file << "4294967295" << std::flush;
    };
    const std::string login = record({"cat", "/proc/self/loginuid"}, {.directory = {}, .prepare = log_out});
    if (login != "4294967295") GTEST_SKIP() << "these tests run in a login that they cannot leave: " << login;
    const json process = process_that_ran("cat");
    for (const char* field : {"login_uid", "login_user", "session"}) EXPECT_FALSE(process.contains(field));
}

}  // namespace
}  // namespace catena::kernel_test

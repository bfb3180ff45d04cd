#include "sensor/attribution_table.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace catena::sensor {
namespace {

std::uint32_t own_namespace(const char* kind) {
    struct stat status{};
    const std::string path = std::string("/proc/self/ns/") + kind;
    return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint32_t>(status.st_ino) : 0;
}

cat_process record(std::uint32_t uid) {
    cat_process process{};
    process.uid = uid;
    process.login_uid = process.session = CAT_UNSET;
    process.user_ns = own_namespace("user");
    return process;
}

TEST(AttributionTable, UsersHaveTheirNameInOurUserNamespaceOnly) {
    AttributionTable table;
    EXPECT_EQ(table.of(record(0))->user, "root");
    EXPECT_EQ(table.of(record(0xfffffff0))->user, "4294967280");
    cat_process elsewhere = record(0);
    elsewhere.user_ns ^= 1;
    EXPECT_EQ(table.of(elsewhere)->user, "0");
    EXPECT_EQ(table.of(elsewhere)->user_ns, elsewhere.user_ns);
}

TEST(AttributionTable, LoginsAreAbsentUntilThereIsOne) {
    AttributionTable table;
    cat_process process = record(0);
    EXPECT_EQ(table.of(process)->login_uid, event::kUnset);
    EXPECT_EQ(table.of(process)->login_user, "");
    process.login_uid = 0;
    process.session = 0;
    EXPECT_EQ(table.of(process)->login_user, "root");
    EXPECT_EQ(table.of(process)->session, 0U);
}

TEST(AttributionTable, TheSameIsSharedAndTheDifferentIsNot) {
    AttributionTable table;
    const auto first = table.of(record(0));
    EXPECT_EQ(first, table.of(record(0)));
    for (auto member : {&cat_process::uid, &cat_process::login_uid, &cat_process::session,
                        &cat_process::pid_ns, &cat_process::mount_ns, &cat_process::user_ns}) {
        cat_process other = record(0);
        other.*member ^= 1;
        EXPECT_NE(*first, *table.of(other));
    }
}

TEST(AttributionTable, AGroupThatIsGoneHasTheNameThatItWasMadeWith) {
    AttributionTable table;
    cat_process process = record(0);
    process.cgroup = 0xfffffffffffffff0;
    table.name_cgroup(process.cgroup, "/system.slice/nginx.service");
    table.name_cgroup(process.cgroup - 1, "");
    EXPECT_EQ(table.of(process)->cgroup.unit, "nginx.service");
    EXPECT_EQ(table.cgroup_path(process.cgroup), "/system.slice/nginx.service");
    process.cgroup -= 1;
    EXPECT_EQ(table.of(process)->cgroup, sys::CgroupAttribution{});
    EXPECT_EQ(table.cgroup_path(process.cgroup), "");
}

TEST(AttributionTable, ProcSaysTheSameOfTheReaderItself) {
    const auto owner = sys::process_owner(::getpid());
    ASSERT_TRUE(owner);
    EXPECT_EQ(owner->uid, ::getuid());
    EXPECT_EQ(owner->euid, ::geteuid());
    EXPECT_EQ(owner->gid, ::getgid());
    EXPECT_EQ(owner->pid_ns, own_namespace("pid"));
    EXPECT_EQ(owner->mount_ns, own_namespace("mnt"));
    EXPECT_EQ(owner->user_ns, own_namespace("user"));
    EXPECT_NE(owner->cgroups, "");
    AttributionTable table;
    EXPECT_EQ(table.of(*owner)->user, table.user_name(::getuid()));
    EXPECT_FALSE(sys::process_owner(0));
}

}  // namespace
}  // namespace catena::sensor

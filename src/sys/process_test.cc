#include "sys/process.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace catena::sys {
namespace {

TEST(Process, KnowsItsOwn) {
    const auto pid = static_cast<std::int32_t>(::getpid());
    EXPECT_EQ(process_state(pid), 'R');
    EXPECT_TRUE(process_cmdline(pid).find("sys_test") != std::string::npos);
    const auto owner = process_owner(pid);
    ASSERT_TRUE(owner);
    EXPECT_EQ(owner->uid, ::getuid());
    EXPECT_NE(owner->pid_ns, 0U);
}

// What was opened of it says "no such process" then, when it is read.
TEST(Process, OneThatGoesAwayWhileItIsReadIsNoError) {
    std::atomic<std::int32_t> pid = static_cast<std::int32_t>(::getpid());
    std::atomic<bool> over = false;
    std::thread reader([&] {
        while (!over) {
            process_owner(pid);
            process_state(pid);
        }
    });
    const auto begin = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begin < std::chrono::seconds(1)) {
        const pid_t child = ::fork();
        if (child == 0) ::_exit(0);
        pid = static_cast<std::int32_t>(child);
        ::waitpid(child, nullptr, 0);
    }
    over = true;
    reader.join();
    EXPECT_FALSE(process_owner(-1));
}

}  // namespace
}  // namespace catena::sys

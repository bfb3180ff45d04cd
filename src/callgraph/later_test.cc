#include "callgraph/later.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "elf/programs_for_test.h"

namespace catena::callgraph {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

class LaterObjects : public elf::Programs {
  protected:
    LaterObjects() {
        shell("mkdir -p r/etc/pam.d r/usr/lib/pam.d r/etc/ssl r/usr/lib/x86_64-linux-gnu/security");
    }
    [[nodiscard]] Root root() const { return Root(path("r")); }
    static std::vector<std::string> names(const std::vector<Later>& list) {
        std::vector<std::string> found;
        std::ranges::transform(list, std::back_inserter(found), &Later::name);
        return found;
    }
};

TEST_F(LaterObjects, OfNssAreThoseThatTheConfigurationNames) {
    EXPECT_THAT(nss_modules(root()), IsEmpty());
    write("r/etc/nsswitch.conf",
          "# passwd: nothing\npasswd: files systemd # sss\nhosts:\tfiles mdns4_minimal [NOTFOUND=return "
          "success = continue] dns\ngroup: systemd ../evil\n");
    EXPECT_THAT(names(nss_modules(root())), ElementsAre("libnss_systemd.so.2", "libnss_mdns4_minimal.so.2"));
    EXPECT_EQ(nss_modules(root())[1].why, "/etc/nsswitch.conf: hosts");
    // An old glibc has these as files.
    write("r/usr/lib/x86_64-linux-gnu/libnss_files.so.2", "");
    EXPECT_THAT(names(nss_modules(root())), Contains("libnss_files.so.2"));
}

TEST_F(LaterObjects, OfPamAreThoseOfTheServiceWithWhatItIncludes) {
    write(
        "r/etc/pam.d/sshd",
        "auth required pam_a.so arg\n@include common\naccount [success=1 default=ignore] pam_b.so \\\n  x y\n"
        "-session optional pam_absent.so\nsession include more\nsession required /opt/pam_own.so\n");
    write("r/etc/pam.d/common", "auth required pam_c.so\n@include sshd\nauth required pam_a.so\n");
    write("r/usr/lib/pam.d/more", "session optional pam_d.so\n");
    write("r/etc/pam.d/other", "auth required pam_deny.so\n");
    const auto in = [](const char* name) {
        return std::string("/usr/lib/x86_64-linux-gnu/security/") + name;
    };
    EXPECT_THAT(names(pam_modules(root(), "sshd")),
                ElementsAre(in("pam_a.so"), in("pam_c.so"), in("pam_b.so"), in("pam_d.so"), "/opt/pam_own.so",
                            in("pam_deny.so")));
    EXPECT_THAT(names(pam_modules(root(), "nothing")), ElementsAre(in("pam_deny.so")));
    EXPECT_THAT(names(pam_modules(root(), "../sshd")), ElementsAre(in("pam_deny.so")));
    write("r/usr/lib/x86_64-linux-gnu/security/pam_absent.so", "");
    EXPECT_THAT(names(pam_modules(root(), "sshd")), Contains(in("pam_absent.so")));
}

// All converters are named by the configuration; the libraries that some share are not.
TEST_F(LaterObjects, OfGconvAreTheConvertersOfThisMachine) {
    const std::filesystem::path folder = "/usr/lib/x86_64-linux-gnu/gconv";
    if (!std::filesystem::exists(folder / "gconv-modules")) GTEST_SKIP() << "no gconv modules here";
    const auto found = names(gconv_modules(Root()));
    for (const auto& each : std::filesystem::directory_iterator(folder)) {
        const std::string name = each.path().filename();
        if (!name.ends_with(".so")) continue;
        if (name.starts_with("lib"))
            EXPECT_THAT(found, Not(Contains(each.path().string())));
        else
            EXPECT_THAT(found, Contains(each.path().string()));
    }
}

TEST_F(LaterObjects, OfOpensslAreWhatIsInItsFoldersAndInItsConfiguration) {
    shell(
        "cd r/usr/lib/x86_64-linux-gnu && mkdir ossl-modules engines-3 && touch ossl-modules/legacy.so "
        "engines-3/afalg.so engines-3/README");
    write("r/etc/ssl/openssl.cnf",
          "[tpm]\nmodule = /opt/tpm2.so # ours\n[e]\ndynamic_path=/opt/engine.so\nother = /opt/no.so\n");
    EXPECT_THAT(
        names(openssl_modules(root())),
        ElementsAre("/usr/lib/x86_64-linux-gnu/ossl-modules/legacy.so",
                    "/usr/lib/x86_64-linux-gnu/engines-3/afalg.so", "/opt/tpm2.so", "/opt/engine.so"));
}

}  // namespace
}  // namespace catena::callgraph

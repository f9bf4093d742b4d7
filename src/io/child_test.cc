// Child processes: what they say, how they end, and the limits that hold for them. The shell plays
// the child.
#include "io/child.h"

#include <gtest/gtest.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/scratch.h"

namespace rondo::io {
namespace {

constexpr Span kLong = Span::seconds(60);

ChildOptions shell(const std::string& script) { return {.argv = {"/bin/sh", "-c", script}}; }

TEST(Child, SaysLinesAndAnExitCode) {
  const Scratch scratch;
  ChildOptions options = shell(
      "echo out; echo err >&2; echo \"$WORD\" >&3; pwd >&3; printf end >&3; exit 3");
  options.environment = {"WORD=one two"};
  options.folder = scratch.path();
  options.log_file = scratch / "log";
  Child child = *Child::start(options);
  EXPECT_EQ(**child.wait(kLong), 3);
  EXPECT_EQ(**child.poll(), 3);
  const std::string folder = std::filesystem::canonical(scratch.path());
  EXPECT_EQ(child.lines(), (std::vector<std::string>{"one two", folder, "end"}));
  EXPECT_TRUE(child.lines().empty());
  EXPECT_EQ(*real_fs()->read(scratch / "log"), "out\nerr\n");
}

TEST(Child, IsKilledWithWhatItStarted) {
  Child child = *Child::start(shell("sleep 1000 & echo $! >&3; wait"));
  std::vector<std::string> said;
  while (said.empty()) {
    ASSERT_FALSE(*child.wait(Span::millis(5)));
    said = child.lines();
  }
  child.kill();
  EXPECT_EQ(**child.wait(kLong), 128 + SIGKILL);
  const pid_t grandchild = std::stoi(said[0]);
  for (int i = 0; i < 1'000 && ::kill(grandchild, 0) == 0; ++i) {
    const auto status = real_fs()->read("/proc/" + said[0] + "/stat");
    if (!status || status->find(") Z") != std::string::npos) return;  // dead, not reaped by init
    static_cast<void>(child.wait(Span::millis(5)));
    ::usleep(1'000);
  }
  EXPECT_NE(::kill(grandchild, 0), 0);
}

TEST(Child, HasTheEnvironmentThatItIsGivenAlone) {
  ::setenv("RONDO_TEST_SECRET", "password", 1);
  ChildOptions options = shell("echo ${RONDO_TEST_SECRET-none} ${WORD-none} >&3");
  options.environment = {"WORD=given"};
  Child both = *Child::start(options);
  EXPECT_EQ(**both.wait(kLong), 0);
  EXPECT_EQ(both.lines(), std::vector<std::string>{"password given"});
  options.own_environment = true;
  Child own = *Child::start(options);
  EXPECT_EQ(**own.wait(kLong), 0);
  EXPECT_EQ(own.lines(), std::vector<std::string>{"none given"});
  ::unsetenv("RONDO_TEST_SECRET");
}

TEST(Child, MayReadAndWriteWhatWeDoInOurGroup) {
  const Scratch scratch;
  const int kept = ::dup(STDOUT_FILENO);
  const int file = ::open((scratch / "out").c_str(), O_WRONLY | O_CREAT, 0600);
  ::dup2(file, STDOUT_FILENO);
  ChildOptions options = shell("ps -o pgid= -p $$ | tr -d ' '");
  options.own_streams = false;
  Child child = *Child::start(options);
  EXPECT_EQ(**child.wait(kLong), 0);
  ::dup2(kept, STDOUT_FILENO);
  ::close(kept);
  ::close(file);
  EXPECT_EQ(*real_fs()->read(scratch / "out"), std::to_string(::getpgrp()) + "\n");
}

TEST(Child, IsAskedToStop) {
  Child child = *Child::start(shell("trap 'exit 7' TERM; echo ready >&3; while :; do :; done"));
  while (child.lines().empty()) ASSERT_FALSE(*child.wait(Span::millis(5)));
  child.ask_to_stop();
  EXPECT_EQ(**child.wait(kLong), 7);
}

TEST(Child, EndsWithItsObject) {
  pid_t pid = 0;
  {
    const Child child = *Child::start(shell("sleep 1000"));
    pid = child.pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_NE(::kill(pid, 0), 0);  // reaped
}

TEST(Child, CannotStartWhatIsNotThere) {
  const auto absent = Child::start({.argv = {"/no/such/program"}});
  EXPECT_EQ(absent.error().code, Code::kNotFound);
  EXPECT_NE(absent.error().message.find("/no/such/program"), std::string::npos);
  ChildOptions nowhere = shell("true");
  nowhere.folder = "/no/such/folder";
  EXPECT_NE(Child::start(nowhere).error().message.find("/no/such/folder"), std::string::npos);
}

TEST(Child, LimitsHold) {
  const Scratch scratch;
  ChildOptions options =
      shell("ulimit -v >&3; ulimit -n >&3; ulimit -t >&3; nice >&3; head -c 9000 /dev/zero > big");
  options.folder = scratch.path();
  options.memory_bytes = 1ULL << 30;
  options.open_files = 20;
  options.cpu_seconds = 100;
  options.file_bytes = 4096;
  options.nice = 3;
  Child child = *Child::start(options);
  EXPECT_NE(**child.wait(kLong), 0);
  const auto lines = child.lines();
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0], "1048576");
  EXPECT_EQ(lines[1], "20");
  EXPECT_EQ(lines[2], "100");
  EXPECT_GE(std::stoi(lines[3]), 3);
  EXPECT_EQ((*real_fs()->stat(scratch / "big"))->size, 4096U);
}

TEST(Child, GetsNoDescriptorsOfOurs) {
  const auto fs = real_fs();
  const Scratch scratch;
  const int folder = ::open(scratch.path().c_str(), O_RDONLY);
  const int leaked = ::fcntl(folder, F_DUPFD, 20);  // as a careless library: no O_CLOEXEC
  ASSERT_GE(leaked, 20);
  Child child = *Child::start(shell("ls /proc/self/fd | wc -l >&3"));
  EXPECT_EQ(**child.wait(kLong), 0);
  ::close(leaked);
  ::close(folder);
  EXPECT_EQ(child.lines(), std::vector<std::string>{"5"});  // 0 to 3, and the one that ls opened
}

/// What a confined shell says to each of these; its reach is one file and one folder.
std::vector<std::string> confined(const Scratch& scratch, const std::string& script,
                                  bool network = false) {
  for (const char* folder : {"in", "out", "other"}) {
    EXPECT_TRUE(real_fs()->make_folders(scratch / folder));
    EXPECT_TRUE(write_atomically(*real_fs(), scratch / folder / "file", "text\n"));
  }
  std::filesystem::create_symlink("../other/file", scratch / "out" / "link");
  std::filesystem::create_symlink("/etc/passwd", scratch / "other" / "link");
  const Path folder = *resolved(scratch.path());
  ChildOptions options{.argv = {"/bin/bash", "-c", script}};
  options.folder = folder;
  options.reach = Reach{{folder / "in" / "file"}, {folder / "out"}, {folder / "other"}, {},
                        network};
  Child child = *Child::start(options);
  EXPECT_EQ(**child.wait(kLong), 0);
  return child.lines();
}

TEST(Child, ReachesTheFilesOfItsReachAlone) {
  if (confinement().landlock == 0) GTEST_SKIP() << "this kernel has no Landlock";
  const Scratch scratch;
  const auto said = confined(scratch, R"(
      for file in in/file out/file other/file in/../other/file /etc/passwd /proc/1/environ; do
        read line < $file && echo "$file: $line" >&3 || echo "$file: no" >&3
      done
      read line < out/link || echo "link: no" >&3
      echo new > out/new && echo "out: written" >&3
      echo new > in/file || echo "in: not written" >&3
      echo new > other/new || echo "other: not written" >&3
      for f in in/* other/*; do echo "list: $f" >&3; done
      /bin/true || echo "true: not run" >&3)");
  EXPECT_EQ(said, (std::vector<std::string>{
                      "in/file: text", "out/file: text", "other/file: no",
                      "in/../other/file: no", "/etc/passwd: no", "/proc/1/environ: no",
                      "link: no", "out: written", "in: not written", "other: not written",
                      "list: in/*", "list: other/file", "list: other/link", "true: not run"}));
  EXPECT_EQ(*real_fs()->read(scratch / "in" / "file"), "text\n");
}

TEST(Child, ReachesTheNetworkWhenItMay) {
  if (!confinement().seccomp) GTEST_SKIP() << "this kernel has no seccomp";
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  sockaddr* const raw = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener, raw, size), 0);
  ASSERT_EQ(::listen(listener, 4), 0);
  ASSERT_EQ(::getsockname(listener, raw, &size), 0);
  const std::string port = std::to_string(ntohs(address.sin_port));
  const std::string script =
      "for way in tcp udp; do (exec 4<>/dev/$way/127.0.0.1/" + port +
      ") && echo $way: reached >&3 || echo $way: no >&3; done";
  EXPECT_EQ(confined(Scratch(), script), (std::vector<std::string>{"tcp: no", "udp: no"}));
  EXPECT_EQ(confined(Scratch(), script, true),
            (std::vector<std::string>{"tcp: reached", "udp: reached"}));
  ::close(listener);
}

TEST(Child, ALinkIsNoReach) {
  if (confinement().landlock == 0) GTEST_SKIP() << "this kernel has no Landlock";
  const Scratch scratch;
  std::filesystem::create_symlink("/etc/passwd", scratch / "link");
  ChildOptions options{.argv = {"/bin/sh", "-c", "exit 5"}};
  options.reach = Reach{{*resolved(scratch.path()) / "link"}, {}, {}, {}, false};
  const auto child = Child::start(options);
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code, Code::kIo);
  EXPECT_NE(child.error().message.find("/link"), std::string::npos);
}

TEST(Child, WhatIsNotThereIsNoReach) {
  ChildOptions options{.argv = {"/bin/sh", "-c", "exit 5"}};
  options.reach = Reach{{"/no/such/file"}, {"/no/such/folder"}, {}, {}, false};
  Child child = *Child::start(options);
  EXPECT_EQ(**child.wait(kLong), 5);
}

}  // namespace
}  // namespace rondo::io

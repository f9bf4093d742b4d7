// Jobs as JSON: what a worker gets, and what the cache of a step is keyed by.
#include "loop/launcher.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "io/sandbox.h"
#include "io/scratch.h"

namespace rondo::loop {
namespace {

int tried(int descriptor) {
  if (descriptor < 0) return errno;
  ::close(descriptor);
  return 0;
}
int try_to_open(const std::string& path, int flags = O_RDONLY) {
  return tried(::open(path.c_str(), flags | O_CLOEXEC, 0600));
}

/// The launcher starts this very program as `worker`: then it tries what a worker could try, tells
/// what came of it, and ends before any test.
bool play_the_worker() {
  const char* const out = std::getenv("RONDO_OUT");
  if (out == nullptr) return false;
  const std::string folder = out, in = std::getenv("RONDO_IN");
  const Json job = *io::parse_json(*io::real_fs()->read(in + "/job.json"), "job");
  const std::string store = job.at("objects");
  const Json evidence = {{"object", try_to_open(store + "/object")},
                         {"into_objects", try_to_open(store + "/new", O_WRONLY | O_CREAT)},
                         {"token", try_to_open(store + "/../token")},
                         {"passwd", try_to_open("/etc/passwd")},
                         {"out", try_to_open(folder + "/new", O_WRONLY | O_CREAT)},
                         {"temp", job.at("options").at("now").at("temp")},
                         {"tcp", tried(::socket(AF_INET, SOCK_STREAM, 0))},
                         {"udp", tried(::socket(AF_INET6, SOCK_DGRAM, 0))},
                         {"local", tried(::socket(AF_UNIX, SOCK_STREAM, 0))}};
  const Json outcome = to_json(ledger::StageOutput{"tried", "", evidence, {}, {}});
  const auto said = io::write_atomically(*io::real_fs(), folder + "/outcome.json",
                                         io::canonical(outcome));
  ::_exit(said ? 0 : 1);
}
const bool kIsNoWorker = !play_the_worker();

TEST(Launcher, AWorkerReachesItsInputsAlone) {
  ASSERT_TRUE(kIsNoWorker);
  const io::Confinement can = io::confinement();
  if (can.landlock == 0 || !can.seccomp) GTEST_SKIP() << io::told(can);
  const io::Scratch scratch;
  const auto fs = io::real_fs();
  for (const char* name : {"objects", "attempt", "attempt/out"}) {
    ASSERT_TRUE(fs->make_folders(scratch / name));
  }
  ASSERT_TRUE(io::write_atomically(*fs, scratch / "objects" / "object", "bytes"));
  ASSERT_TRUE(io::write_atomically(*fs, scratch / "token", "secret"));
  Job job{.kind = "prepare", .input = {}};
  job.input.options = {{"now", {{"temp", "/tmp"}}}, {"prepare", {{"types", {{"temp", "number"}}}}}};
  job.input.out = scratch / "attempt" / "out";
  const auto output = process_launcher(fs, scratch / "objects")
                          ->launch(job, scratch / "attempt", Span::seconds(60));
  ASSERT_TRUE(output) << output.error().text();
  const Json expected = {{"object", 0},       {"into_objects", EACCES}, {"token", EACCES},
                         {"passwd", EACCES},  {"out", 0},               {"tcp", EPERM},
                         {"udp", EPERM},      {"local", EPERM},
                         {"temp", (scratch / "attempt" / "temp").string()}};
  EXPECT_EQ(output->evidence, expected);
}

TEST(Launcher, NamesTheFolderOfObjectsAsAWorkerFindsIt) {
  const Json json = to_json(Job{.kind = "train", .input = {}}, "store/objects");
  EXPECT_EQ(json.at("objects"), (std::filesystem::current_path() / "store/objects").string());
}

TEST(Launcher, AJobWithoutAFolderCanBeKeyed) {
  EXPECT_EQ(to_json(Job{.kind = "train", .input = {}}, "").at("objects"), "");
}

TEST(Launcher, AnOutputComesBackAsItWent) {
  const ledger::StageOutput sent{"trained", "310 rounds", {{"loss", 0.25}}, {{"cpu_s", 1.5}},
                                 {{"candidate", "candidate.bin"}}};
  const auto back = output_from(to_json(sent));
  ASSERT_TRUE(back);
  EXPECT_EQ(to_json(*back), to_json(sent));
  EXPECT_FALSE(output_from({{"result", "trained"}}));  // without a reason
}

}  // namespace
}  // namespace rondo::loop

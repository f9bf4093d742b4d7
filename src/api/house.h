// Several projects behind one port: which of them a request is for. Each keeps its own service,
// loop, lease, tokens, log and limits; here is only the way to its door. One that cannot be opened
// does not stop the others: it is told, and tried again until it opens.
#pragma once

#include "api/app.h"
#include "base/progress.h"
#include "base/published.h"

namespace rondo::api {

struct HouseOptions {
  std::vector<io::Path> folders;
  bool run_loop = true;
  bool tls = false;  // the port speaks HTTPS; a project that demands it is not served without
  /// What happens in a project, by its name; threads: its loop's.
  std::function<void(const std::string& name, const Json& event)> observer = nullptr;
  /// What became of a project: it came up, or did not, again for another reason.
  struct Told {
    std::string name;
    std::string reason;        // why it did not; empty: it came up
    std::string login_code;    // of its administrator's session in a browser, once
  };
  std::function<void(const Told& what)> told = nullptr;
  Progress* progress = nullptr;  // of one project's store after the other; outlives the house
};

/// A project as it stands. Lives as long as the house once it is open.
struct Room {
  std::string name;  // in URLs; of the folder while its rondo.toml cannot be read
  io::Path folder;
  App* app = nullptr;  // null: it is not open
  std::string reason;  // why not
};

class House {
 public:
  /// Opens what can be opened. Errors: kInvalidInput for a folder that is named twice.
  static Result<std::unique_ptr<House>> open(HouseOptions options);
  /// Of one project that is being opened elsewhere: it says how far that is, and nothing else.
  static std::unique_ptr<House> opening(const Progress& progress);
  ~House();

  /// Of opening(); else null.
  const Progress* progress() const { return progress_; }
  /// Of the requests that are for no project: health, numbers, lists.
  loop::Service& front() const { return *front_; }
  std::vector<Room> rooms() const;
  std::vector<App*> apps() const;  // of the open ones
  bool somebody_known() const;     // by a token of one of them
  /// `[deploy] hosts` of all that are open.
  std::vector<std::string> hosts() const;
  /// Each open project gets an App of so many threads, which answers for these Host names; so will
  /// those that open later.
  void furnish(std::size_t threads, std::vector<std::string> hosts);
  /// Turns the loops, and begins to try what is not open.
  void start();
  /// Not ready from now on.
  void drain();
  /// After the server stopped.
  void stop();

  /// The app of the project that the path names, with Request::base set; else `front`.
  /// Threads: any. Cost: a lock and a search by name.
  App& choose(App& front, Request& request) const;
  /// Errors: 404 for a name that is none, 503 with the reason for a project that is not open, or
  /// with how far its opening is.
  std::expected<void, Refusal> check(const Request& head, std::string_view path) const;

 private:
  struct Open;
  struct Door;
  using Doors = std::vector<Door>;

  explicit House(HouseOptions options);
  Result<std::shared_ptr<Open>> try_open(const io::Path& folder, const Doors& others) const;
  void furnish(Open& open) const;
  void try_again();
  void tell(const Door& door) const;
  const Door* find(const Doors& doors, std::string_view name) const;

  HouseOptions options_;
  const Progress* progress_ = nullptr;
  std::unique_ptr<loop::Service> front_;
  std::size_t threads_ = 0;
  std::vector<std::string> host_names_;
  Published<Doors> doors_;
  Stop draining_;
  std::unique_ptr<Worker> porter_;
};

/// Whether there is a token that somebody from elsewhere could show.
bool somebody_known(loop::Service& service);

/// The project that a path names: "/p/NAME/..." (`base` is the length of "/p/NAME"), or the model
/// of the protocols' paths. Empty: none. Pure.
struct Named {
  std::string name;
  std::size_t base = 0;
};
Named named_project(std::string_view path);
/// The apps that answer behind `app`: itself, or those of its house.
std::vector<App*> apps_of(App& app);

}  // namespace rondo::api

// gRPC's C++ layer takes a fixed pair; its core, used here, takes a function that gives the newest.
#include "credentials.h"

#include <grpc/grpc_security.h>

namespace rondo::wire {
namespace {

class RenewedCredentials : public grpc::ServerCredentials {
 public:
  explicit RenewedCredentials(api::RpcHost& host) : host_(host) {
    core_ = grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(
            GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE, &fetch, this));
  }
  ~RenewedCredentials() override { grpc_server_credentials_release(core_); }
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), core_);
  }
  /// gRPC calls it under a lock of its own.
  static grpc_ssl_certificate_config_reload_status fetch(
      void* self, grpc_ssl_server_certificate_config** config) {
    auto& own = *static_cast<RenewedCredentials*>(self);
    if (!own.host_.renew(own.pair_)) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const grpc_ssl_pem_key_cert_pair pair = {own.pair_.key.c_str(), own.pair_.chain.c_str()};
    // gRPC 1.51 ends the program without roots for clients; nobody is asked for a certificate.
    *config = grpc_ssl_server_certificate_config_create(own.pair_.chain.c_str(), &pair, 1);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  api::RpcHost& host_;
  grpc_server_credentials* core_;
  api::RpcPair pair_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> renewed_credentials(api::RpcHost& host) {
  return std::make_shared<RenewedCredentials>(host);
}

}  // namespace rondo::wire

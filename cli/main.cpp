#include "cli/command.hpp"

int main(int argc, char** argv) {
  return orrery::cli::run_command(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
}

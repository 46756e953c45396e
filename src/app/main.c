#include "cli/command.h"

int main(int argc, char **argv)
{
    return (int)run_command(argc, argv);
}

#include "cli/command.h"

extern char **environ;

int main(int argc, char **argv)
{
    return (int)run_command(argc, argv, environ);
}

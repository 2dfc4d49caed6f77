// glibc's own settings of malloc, which its Swift module leaves out.
#include <malloc.h>

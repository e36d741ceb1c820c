/* hello-forge: a whole program without a C library, so that it builds for six targets in seconds
   and runs on any Linux, macOS or Windows. VERSION comes from the build command. */

static const char VERSION_LINE[] = "hello-forge " VERSION "\n";
static const char HELP[] =
    "hello-forge greets you\n\nUsage: hello-forge [--version | --help]\n";
static const char GREETING[] = "Hello from every place people install from!\n";

static int same(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

static const char *answer(const char *argument) {
    if (argument && (same(argument, "--version") || same(argument, "-V"))) return VERSION_LINE;
    if (argument && (same(argument, "--help") || same(argument, "-h"))) return HELP;
    return GREETING;
}

static unsigned long length(const char *text) {
    unsigned long n = 0;
    while (text[n]) n++;
    return n;
}

#if defined(__linux__)

#if defined(__x86_64__)
static long syscall3(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}
#define WRITE 1
#define EXIT 60
__asm__(".globl _start\n_start:\n xor %rbp,%rbp\n mov %rsp,%rdi\n and $-16,%rsp\n call start\n");
#elif defined(__aarch64__)
static long syscall3(long number, long a, long b, long c) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}
#define WRITE 64
#define EXIT 93
__asm__(".globl _start\n_start:\n mov x0, sp\n bl start\n");
#endif

__attribute__((used)) void start(long *stack) {
    const char *text = answer(stack[0] > 1 ? (const char *)stack[2] : 0);
    syscall3(WRITE, 1, (long)text, (long)length(text));
    syscall3(EXIT, 0, 0, 0);
    for (;;) {}
}

#elif defined(_WIN32)

__declspec(dllimport) void *__stdcall GetStdHandle(unsigned long);
__declspec(dllimport) int __stdcall WriteFile(void *, const void *, unsigned long, unsigned long *, void *);
__declspec(dllimport) const char *__stdcall GetCommandLineA(void);
__declspec(dllimport) void __stdcall ExitProcess(unsigned int);

/* The command line after the program's own (possibly quoted) path. */
static const char *first_argument(const char *line) {
    int quoted = 0;
    while (*line && (quoted || *line != ' ')) quoted ^= *line++ == '"';
    while (*line == ' ') line++;
    return *line ? line : 0;
}

void start(void) {
    const char *text = answer(first_argument(GetCommandLineA()));
    unsigned long written;
    WriteFile(GetStdHandle((unsigned long)-11), text, (unsigned long)length(text), &written, 0);
    ExitProcess(0);
}

#else /* macOS: programs there always go through the system library */

long write(int, const void *, unsigned long);
int main(int argc, char **argv) {
    const char *text = answer(argc > 1 ? argv[1] : 0);
    write(1, text, length(text));
    return 0;
}

#endif

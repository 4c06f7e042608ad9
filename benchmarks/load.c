/* Work for a server that is being measured, and the account of what it cost: one thread, epoll, one JSON object on stdout.
 *
 *     load exchange|sink|source|churn PORT-OR-PATH [OPTION=NUMBER]...
 *
 * exchange  on every connection one request under way: `size` bytes there, `reply` bytes back (default: `size`)
 * sink      writes blocks of 64 KiB as fast as they are taken
 * source    reads all that comes
 * churn     connects, exchanges 64 bytes, ends, waits for the peer's end; anew
 *
 * Options: connections=50  busy ones;  idle=0  that have exchanged once, and then are only there;  size=64;  reply=0;
 * seconds=1  of measuring, after a fifth of that to warm up;  pid=0  the server;  hold=0  with 1: once all is open, say
 * so, and wait for the end of stdin instead of working.
 *
 * It spins: it is always there when the server has answered, so no wake-up of ours is billed to the server. The server's
 * CPU time is the kernel's own account of all its threads, read when the measuring begins and when it ends.
 *
 * The loopback only: 127.0.0.1, or a path. Bounded in connections and in time, whatever the peer does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 65536, BATCH = 100, MOST_BYTES = 1 << 20, MOST_SAMPLES = 1 << 22 };
enum { MOST_CONNECTIONS = 20000, MOST_SECONDS = 60 };

enum mode { EXCHANGE, SINK, SOURCE, CHURN };
static const char *const MODES[] = {"exchange", "sink", "source", "churn"};

struct connection {
    int fd;
    bool wants_room; /* epoll watches it as writable */
    size_t unsent;
    size_t missing; /* of the reply */
    uint64_t began; /* the exchange, or in churn the connecting; nanoseconds */
};

static enum mode mode;
static const char *target;
static int pid, poller;
static size_t connections = 50, idle = 0, size = 64, reply = 0;
static double seconds = 1;
static bool hold = false;

static char outgoing[MOST_BYTES], incoming[MOST_BYTES];

static bool measuring = false;
static uint64_t bytes, units;
static uint32_t *samples; /* nanoseconds of an exchange; the first MOST_SAMPLES of them */
static size_t sampled;

static void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(1);
}

static uint64_t nanoseconds(clockid_t clock) {
    struct timespec at;
    if (clock_gettime(clock, &at)) die("no such clock: %s", strerror(errno));
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static uint64_t now(void) { return nanoseconds(CLOCK_MONOTONIC); }

/* What the server has had of the processors, all threads together: the sum that /proc/PID/schedstat tells of one. */
static uint64_t cpu(void) {
    clockid_t clock;
    if (!pid) return 0;
    if (clock_getcpuclockid(pid, &clock)) die("no process %d", pid);
    return nanoseconds(clock);
}

/* ------------------------------------------------------------------------------------------------------ connections */

/* A blocking connection to the server. */
static int dial(void) {
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    struct sockaddr_in port = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 10};
    bool by_path = strchr(target, '/') != NULL;
    int one = 1, failed;
    int fd = socket(by_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) die("socket: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (by_path) {
        strncpy(path.sun_path, target, sizeof path.sun_path - 1);
        failed = connect(fd, (struct sockaddr *)&path, sizeof path);
    } else {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        port.sin_port = htons((uint16_t)atoi(target));
        failed = connect(fd, (struct sockaddr *)&port, sizeof port);
    }
    if (failed) die("connect: %s", strerror(errno));
    return fd;
}

/* The reply to a first request, on a connection that blocks until it is there. */
static void await_reply(int fd) {
    for (size_t missing = reply; missing;) {
        ssize_t count = recv(fd, incoming, missing, 0);
        if (count <= 0) die("the server did not answer");
        missing -= (size_t)count;
    }
}

/* Let the events of a connection be those that it needs now. */
static void watch(struct connection *one, int operation) {
    struct epoll_event event = {.events = EPOLLIN | (one->wants_room ? EPOLLOUT : 0u), .data.ptr = one};
    if (epoll_ctl(poller, operation, one->fd, &event)) die("epoll: %s", strerror(errno));
}

static void open_one(struct connection *one) {
    *one = (struct connection){.began = now()};
    one->fd = dial();
    watch(one, EPOLL_CTL_ADD);
}

/* In batches that fit into a backlog; where there are replies, each connection gets one before the next batch begins. */
static void open_all(struct connection *all, size_t count) {
    for (size_t first = 0; first < count; first += BATCH) {
        size_t last = first + BATCH < count ? first + BATCH : count;
        for (size_t i = first; i < last; i++) {
            open_one(&all[i]);
            if (mode == EXCHANGE && send(all[i].fd, outgoing, size, MSG_NOSIGNAL) != (ssize_t)size)
                die("greeting: %s", strerror(errno));
        }
        for (size_t i = first; i < last && mode == EXCHANGE; i++) await_reply(all[i].fd);
    }
}

/* ------------------------------------------------------------------------------------------------------------- work */

/* Send what is left of the request; go on when there is room. In sink mode the request never ends. */
static void send_some(struct connection *one) {
    while (one->unsent) {
        size_t most = mode == SINK ? BLOCK : one->unsent;
        ssize_t count = send(one->fd, outgoing, most, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0) {
            if (errno != EAGAIN) die("send: %s", strerror(errno));
            break;
        }
        if (measuring) bytes += (uint64_t)count;
        if (mode == SINK) return; /* one block a turn: no connection starves another */
        one->unsent -= (size_t)count;
    }
    if ((one->unsent > 0) != one->wants_room) {
        one->wants_room = !one->wants_room;
        watch(one, EPOLL_CTL_MOD);
    }
}

static void request(struct connection *one) {
    one->unsent = size;
    one->missing = reply;
    send_some(one);
}

static void done(struct connection *one) {
    uint64_t at = now();
    if (measuring) {
        units++;
        if (sampled < MOST_SAMPLES) samples[sampled++] = (uint32_t)(at - one->began);
    }
    one->began = at;
}

static void receive(struct connection *one) {
    size_t most = mode == SOURCE ? BLOCK : one->missing;
    ssize_t count = recv(one->fd, incoming, most ? most : 1, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) die("recv: %s", strerror(errno));
    if (mode == CHURN && count == 0 && !one->missing) { /* the server has ended as well, so ours is over */
        done(one);
        close(one->fd);
        open_one(one);
        request(one);
        return;
    }
    if (count == 0) die("the server ended a connection");
    if (mode == SOURCE) {
        if (measuring) bytes += (uint64_t)count;
        return;
    }
    if ((size_t)count > one->missing) die("the server sent more than it was asked for");
    one->missing -= (size_t)count;
    if (measuring) bytes += (uint64_t)count;
    if (one->missing) return;
    if (mode == CHURN) {
        shutdown(one->fd, SHUT_WR);
    } else {
        done(one);
        request(one);
    }
}

/* Turn until the time has come. */
static void work(uint64_t until) {
    struct epoll_event events[256];
    do {
        int count = epoll_wait(poller, events, 256, 0);
        for (int i = 0; i < count; i++) {
            struct connection *one = events[i].data.ptr;
            if (events[i].events & EPOLLOUT) send_some(one);
            if (events[i].events & ~(uint32_t)EPOLLOUT) receive(one);
        }
    } while (now() < until);
}

static void start(struct connection *all) {
    for (size_t i = 0; i < connections; i++) {
        if (mode == SINK) {
            all[i].unsent = BLOCK;
            all[i].wants_room = true;
            watch(&all[i], EPOLL_CTL_MOD);
        } else if (mode != SOURCE) {
            if (mode == EXCHANGE) all[i].began = now();
            request(&all[i]);
        }
    }
}

/* ---------------------------------------------------------------------------------------------------------- figures */

static int by_value(const void *left, const void *right) {
    uint32_t one = *(const uint32_t *)left, other = *(const uint32_t *)right;
    return (one > other) - (one < other);
}

static double microseconds_at(double part) {
    return sampled ? samples[(size_t)(part * (double)(sampled - 1))] / 1e3 : 0;
}

static uint64_t units_done(void) { return mode == SINK || mode == SOURCE ? bytes / BLOCK : units; }

static void measure(void) {
    uint64_t began, cpu_began, took, cpu_took, turn = (uint64_t)(seconds * 1e9);
    work(now() + turn / 5);
    measuring = true;
    began = now();
    cpu_began = cpu();
    do {
        work(now() + turn);
    } while (!units_done()); /* the processor may have been somebody else's all the time */
    cpu_took = cpu() - cpu_began;
    took = now() - began;
    qsort(samples, sampled, sizeof *samples, by_value);
    printf("{\"units\": %llu, \"bytes\": %llu, \"seconds\": %.6f, \"cpu\": %.6f, \"p50\": %.2f, \"p99\": %.2f}\n",
           (unsigned long long)units_done(), (unsigned long long)bytes, (double)took / 1e9, (double)cpu_took / 1e9,
           microseconds_at(0.50), microseconds_at(0.99));
}

/* ---------------------------------------------------------------------------------------------------------- options */

static double number(const char *name, const char *text, double least, double most) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= least && value <= most))
        die("%s must be a number from %g to %g, not '%s'", name, least, most, text);
    return value;
}

static void read_option(char *option) {
    char *text = strchr(option, '=');
    if (!text) die("an option is NAME=NUMBER, not '%s'", option);
    *text++ = 0;
    if (!strcmp(option, "connections")) connections = (size_t)number(option, text, 0, MOST_CONNECTIONS);
    else if (!strcmp(option, "idle")) idle = (size_t)number(option, text, 0, MOST_CONNECTIONS);
    else if (!strcmp(option, "size")) size = (size_t)number(option, text, 1, MOST_BYTES);
    else if (!strcmp(option, "reply")) reply = (size_t)number(option, text, 1, MOST_BYTES);
    else if (!strcmp(option, "seconds")) seconds = number(option, text, 0.001, MOST_SECONDS);
    else if (!strcmp(option, "pid")) pid = (int)number(option, text, 1, INT32_MAX);
    else if (!strcmp(option, "hold")) hold = number(option, text, 0, 1) != 0;
    else die("there is no option '%s'", option);
}

static void read_arguments(int count, char **words) {
    if (count < 3) die("usage: load exchange|sink|source|churn PORT-OR-PATH [OPTION=NUMBER]...");
    for (mode = EXCHANGE; strcmp(words[1], MODES[mode]);)
        if (++mode > CHURN) die("there is no mode '%s'", words[1]);
    target = words[2];
    if (!strchr(target, '/')) number("the port", target, 1, 65535);
    else if (strlen(target) >= sizeof((struct sockaddr_un *)0)->sun_path) die("the path is too long");
    for (int i = 3; i < count; i++) read_option(words[i]);
    if (mode == CHURN) size = 64, reply = 0;
    if (!reply) reply = size;
}

int main(int count, char **words) {
    struct rlimit files;
    struct connection *all;
    read_arguments(count, words);
    alarm(2 * MOST_SECONDS);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    poller = epoll_create1(EPOLL_CLOEXEC);
    all = calloc(connections + idle + 1, sizeof *all);
    samples = malloc(MOST_SAMPLES * sizeof *samples);
    if (poller < 0 || !all || !samples) die("no memory");
    memset(outgoing, 'x', sizeof outgoing);
    open_all(all, connections + idle);
    if (hold) {
        puts("{}");
        fflush(stdout);
        while (read(STDIN_FILENO, incoming, sizeof incoming) > 0) {}
    } else {
        start(all);
        measure();
    }
    return 0;
}

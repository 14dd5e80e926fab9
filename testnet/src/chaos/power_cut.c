/* power_cut MOUNTPOINT: what the file system has not yet made durable is gone, and every further
 * access fails, until it is mounted again. ext4 and xfs. */

#include <fcntl.h>
#include <linux/types.h>
#include <stdio.h>
#include <sys/ioctl.h>

#define FS_IOC_SHUTDOWN _IOR('X', 125, __u32)
/* Not even the journal is flushed. */
#define GOING_FLAGS_NOLOGFLUSH 2

int main(int count, char **arguments)
{
    __u32 flags = GOING_FLAGS_NOLOGFLUSH;
    int fd = count == 2 ? open(arguments[1], O_RDONLY) : -1;
    if (fd < 0 || ioctl(fd, FS_IOC_SHUTDOWN, &flags) != 0) {
        perror("power_cut");
        return 1;
    }
    return 0;
}

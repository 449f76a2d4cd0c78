// SPDX-License-Identifier: Apache-2.0
// libcamera behind C functions: compiles against 0.0.3 and what came later. Controls are looked up
// by name, for which of them there are is known only to the library that runs.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <libcamera/libcamera.h>
#include <libcamera/version.h>

extern "C" {
#include "base/log.h"
}
#include "capture/libcamera_bridge.h"

using namespace libcamera;

namespace {

// Raw first: what a camera offers there comes straight from the sensor. USB cameras give their
// formats for any role.
constexpr auto roles = {StreamRole::Raw, StreamRole::Viewfinder, StreamRole::VideoRecording};
constexpr int buffers_wanted = 6; // a fifth of a second at 30 fps

// No exception leaves: a negative errno does.
template <typename F> int guarded(F body) {
    try {
        return body();
    } catch (const std::bad_alloc &) {
        return -ENOMEM;
    } catch (...) {
        return -EIO;
    }
}

// Passes libcamera's lines on, each of which is one write.
class LogLines : public std::streambuf {
    std::streamsize xsputn(const char *s, std::streamsize n) override {
        int length = static_cast<int>(n);
        while (length > 0 && s[length - 1] == '\n')
            length--;
        cf_log(CF_LOG_DEBUG, "libcamera: %.*s", length, s);
        return n;
    }
};

void divert_log() {
    static std::ostream *lines = nullptr;
    // whoever sets these wants to see libcamera's own output where libcamera puts it
    if (lines || getenv("LIBCAMERA_LOG_FILE") || getenv("LIBCAMERA_LOG_LEVELS"))
        return;
    lines = new std::ostream(new LogLines); // for the life of the process, as libcamera's logger
    logSetStream(lines);
}

std::mutex manager_lock;
CameraManager *manager; // one per process, as libcamera demands
int manager_holders;
// Before 0.0.5 libcamera keeps pointers to what it has freed, which the next camera that is plugged
// in where one was makes it use. So a manager that has lost a camera must end before that.
constexpr bool dies_on_return =
    LIBCAMERA_VERSION_MAJOR + LIBCAMERA_VERSION_MINOR == 0 && LIBCAMERA_VERSION_PATCH < 5;
std::atomic<bool> is_stale;
std::mutex open_lock; // of open_cameras; taken before a camera's own
std::set<cf_libcamera *> open_cameras;

void on_removed(std::shared_ptr<Camera> camera);

// A claim on the manager, which runs while there is one.
struct Hold {
    int status = 0;
    Hold() {
        std::lock_guard<std::mutex> lock(manager_lock);
        status = !manager ? make() : is_stale ? -ESTALE : 0;
        manager_holders += !status;
    }
    ~Hold() {
        std::lock_guard<std::mutex> lock(manager_lock);
        if (status || --manager_holders)
            return;
        manager->stop();
        delete manager;
        manager = nullptr;
    }
    static int make() {
        divert_log();
        auto made = std::make_unique<CameraManager>();
        if (dies_on_return)
            made->cameraRemoved.connect(&on_removed);
        is_stale = false;
        if (int failed = made->start())
            return failed;
        manager = made.release();
        return 0;
    }
};

size_t start_of(const FrameBuffer::Plane &plane) {
    return plane.offset == FrameBuffer::Plane::kInvalidOffset ? 0 : plane.offset;
}

struct Mapping {
    void *base = MAP_FAILED;
    size_t length = 0;
    size_t offset = 0; // of the first plane
    int fd = -1;       // the frame buffer's

    int map(const FrameBuffer &buffer) {
        const auto &planes = buffer.planes();
        fd = planes[0].fd.get();
        for (const FrameBuffer::Plane &plane : planes) // one dma-buf may hold several
            if (plane.fd.get() == fd)
                length = std::max<size_t>(length, start_of(plane) + plane.length);
        offset = start_of(planes[0]);
        base = mmap(nullptr, length, PROT_READ, MAP_SHARED, fd, 0);
        return base == MAP_FAILED ? -errno : 0;
    }
    // Caches that are not coherent with the camera need it; others do not mind.
    void sync(uint64_t flags) const {
        dma_buf_sync argument = {flags | DMA_BUF_SYNC_READ};
        (void)ioctl(fd, DMA_BUF_IOCTL_SYNC, &argument);
    }
};

template <size_t N> void copy_text(char (&out)[N], const std::string &text) {
    snprintf(out, N, "%s", text.c_str());
}

const ControlId *find_control(const Camera &camera, const char *name) {
    for (const auto &entry : camera.controls())
        if (entry.first->name() == name)
            return entry.first;
    return nullptr;
}

// First number of a value of whichever type a release of libcamera gives it.
double number(const ControlValue &value) {
    const uint8_t *bytes = value.data().data();
    int32_t i32;
    int64_t i64;
    float f;
    if (!value.numElements())
        return 0;
    switch (value.type()) {
    case ControlTypeInteger32: memcpy(&i32, bytes, sizeof i32); return i32;
    case ControlTypeInteger64: memcpy(&i64, bytes, sizeof i64); return static_cast<double>(i64);
    case ControlTypeFloat: memcpy(&f, bytes, sizeof f); return f;
    default: return 0;
    }
}

cf_libcamera_range range_of(const Camera &camera, const char *name) {
    const ControlId *id = find_control(camera, name);
    if (!id)
        return {0, 0};
    const ControlInfo &info = camera.controls().find(id)->second;
    cf_libcamera_range range = {number(info.min()), number(info.max())};
    return range.min >= 0 && range.max > range.min ? range : cf_libcamera_range{0, 0};
}

void set_control(const Camera &camera, ControlList &list, const char *name,
                 const ControlValue &value) {
    const ControlId *id = find_control(camera, name);
    if (id && id->type() == value.type())
        list.set(id->id(), value);
}

void set_controls(const Camera &camera, ControlList &list, const cf_libcamera_controls &c) {
    constexpr int32_t manual = 1; // ExposureTimeMode, AnalogueGainMode: since 0.5, for AeEnable
    if (c.exposure_us || c.gain > 0)
        set_control(camera, list, "AeEnable", ControlValue(false));
    if (c.exposure_us) {
        set_control(camera, list, "ExposureTimeMode", ControlValue(manual));
        set_control(camera, list, "ExposureTime", ControlValue(c.exposure_us));
    }
    if (c.gain > 0) {
        set_control(camera, list, "AnalogueGainMode", ControlValue(manual));
        set_control(camera, list, "AnalogueGain", ControlValue(c.gain));
    }
    if (c.frame_us) {
        const int64_t both[2] = {c.frame_us, c.frame_us};
        set_control(camera, list, "FrameDurationLimits",
                    ControlValue(Span<const int64_t, 2>(both)));
    }
    if (c.sync)
        set_control(camera, list, "SyncMode", ControlValue(c.sync));
}

// The count elements of a metadata value, when it has as many and of that type.
template <typename T>
void read(const ControlList &metadata, const ControlId &id, T *out, size_t count = 1) {
    if (!metadata.contains(id.id()))
        return;
    const ControlValue &value = metadata.get(id.id());
    if (value.type() == details::control_type<T>::value && value.numElements() == count)
        memcpy(out, value.data().data(), count * sizeof *out);
}

void read_metadata(const ControlList &metadata, cf_libcamera_frame *out) {
    read(metadata, controls::SensorTimestamp, &out->sensor_ns);
    read(metadata, controls::ExposureTime, &out->exposure_us);
    read(metadata, controls::FrameDuration, &out->frame_us);
    read(metadata, controls::AnalogueGain, &out->gain);
    read(metadata, controls::SensorBlackLevels, out->black, 4);
    read(metadata, controls::ColourGains, out->colour_gains, 2);
    read(metadata, controls::ColourCorrectionMatrix, out->ccm, 9);
}

void add_modes(const StreamFormats &formats, cf_libcamera_about *out) {
    for (const PixelFormat &format : formats.pixelformats()) {
        const std::string name = format.toString();
        if (std::any_of(out->modes, out->modes + out->mode_count,
                        [&](const cf_libcamera_mode &mode) { return name == mode.format; }))
            continue; // an earlier role's
        for (const Size &size : formats.sizes(format)) {
            if (out->mode_count == CF_LIBCAMERA_MODES)
                return;
            cf_libcamera_mode &mode = out->modes[out->mode_count++];
            copy_text(mode.format, name);
            mode.width = static_cast<int>(size.width);
            mode.height = static_cast<int>(size.height);
        }
    }
}

void describe(Camera &camera, cf_libcamera_about *out) {
    memset(out, 0, sizeof *out);
    copy_text(out->id, camera.id());
    copy_text(out->model, std::string(camera.properties().get(properties::Model).value_or("")));
    out->has_sync = find_control(camera, "SyncMode") != nullptr;
    for (StreamRole role : roles) {
        std::unique_ptr<CameraConfiguration> config = camera.generateConfiguration({role});
        if (config && !config->empty())
            add_modes(config->at(0).formats(), out);
    }
}

} // namespace

struct cf_libcamera {
    Hold hold; // first, so that it ends last
    std::shared_ptr<Camera> camera;
    std::unique_ptr<CameraConfiguration> config;
    std::unique_ptr<FrameBufferAllocator> allocator;
    std::vector<std::unique_ptr<Request>> requests;
    std::vector<Mapping> mappings;
    Stream *stream = nullptr;

    std::mutex lock; // of all below; libcamera calls from a thread of its own
    std::condition_variable changed;
    std::vector<Request *> done; // oldest first
    ControlList pending;         // for the next request
    size_t alive = 0;            // requests that were not cancelled
    bool running = false;
    int over = 0; // -ENODEV: unplugged; -ESTALE: the manager must end

    void on_request(Request *request) {
        std::lock_guard<std::mutex> guard(lock);
        done.push_back(request);
        changed.notify_all();
    }
    void end(int why) {
        std::lock_guard<std::mutex> guard(lock);
        over = over ? over : why;
        changed.notify_all();
    }

    int acquire(const char *id) {
        camera = manager->get(id);
        if (!camera)
            return -ENODEV;
        if (int status = camera->acquire())
            return camera.reset(), status;
        camera->requestCompleted.connect(this, &cf_libcamera::on_request);
        camera->disconnected.connect(this, [this] { end(-ENODEV); });
        std::lock_guard<std::mutex> guard(open_lock);
        open_cameras.insert(this);
        return is_stale ? -ESTALE : 0;
    }

    // The role that offers the format; null when none does.
    std::unique_ptr<CameraConfiguration> configuration_with(const PixelFormat &format) const {
        for (StreamRole role : roles) {
            std::unique_ptr<CameraConfiguration> found = camera->generateConfiguration({role});
            if (!found || found->empty())
                continue;
            const std::vector<PixelFormat> formats = found->at(0).formats().pixelformats();
            if (std::find(formats.begin(), formats.end(), format) != formats.end())
                return found;
        }
        return nullptr;
    }

    int add_request(FrameBuffer *buffer) {
        Mapping mapping;
        if (int status = mapping.map(*buffer))
            return status;
        mappings.push_back(mapping);
        std::unique_ptr<Request> request = camera->createRequest(requests.size());
        if (!request)
            return -ENOMEM;
        requests.push_back(std::move(request));
        return requests.back()->addBuffer(stream, buffer);
    }

    int make_requests() {
        allocator = std::make_unique<FrameBufferAllocator>(camera);
        int status = allocator->allocate(stream);
        if (status < 0)
            return status;
        for (const std::unique_ptr<FrameBuffer> &buffer : allocator->buffers(stream))
            if ((status = add_request(buffer.get())))
                return status;
        done.reserve(requests.size());
        return requests.empty() ? -ENOMEM : 0;
    }

    int take_down() {
        std::unique_lock<std::mutex> guard(open_lock);
        open_cameras.erase(this);
        guard.unlock();
        if (running)
            camera->stop();
        camera->requestCompleted.disconnect(this);
        camera->disconnected.disconnect(this);
        requests.clear();
        for (const Mapping &mapping : mappings)
            munmap(mapping.base, mapping.length);
        if (allocator && stream)
            allocator->free(stream);
        allocator.reset();
        config.reset();
        camera->release();
        camera.reset();
        return 0;
    }

    ~cf_libcamera() {
        guarded([&] { return camera ? take_down() : 0; });
    }
};

namespace {
void on_removed(std::shared_ptr<Camera>) {
    is_stale = true;
    std::lock_guard<std::mutex> guard(open_lock);
    for (cf_libcamera *camera : open_cameras)
        camera->end(-ESTALE);
}
} // namespace

extern "C" int cf_libcamera_list(cf_libcamera_about *out, int max) {
    return guarded([&] {
        Hold hold;
        if (hold.status)
            return hold.status;
        const auto cameras = manager->cameras();
        for (int i = 0; i < max && i < static_cast<int>(cameras.size()); i++)
            describe(*cameras[static_cast<size_t>(i)], &out[i]);
        return static_cast<int>(cameras.size());
    });
}

extern "C" int cf_libcamera_open(const char *id, cf_libcamera **out) {
    *out = nullptr;
    return guarded([&] {
        auto camera = std::make_unique<cf_libcamera>();
        int status = camera->hold.status ? camera->hold.status : camera->acquire(id);
        if (!status)
            *out = camera.release();
        return status;
    });
}

extern "C" void cf_libcamera_close(cf_libcamera **camera) {
    delete *camera;
    *camera = nullptr;
}

extern "C" int cf_libcamera_configure(cf_libcamera *c, const cf_libcamera_mode *wish,
                                      cf_libcamera_setup *out) {
    return guarded([&] {
        const PixelFormat format = PixelFormat::fromString(wish->format);
        c->config = c->configuration_with(format);
        if (!c->config)
            return -EINVAL;
        StreamConfiguration &stream = c->config->at(0);
        stream.pixelFormat = format;
        stream.size = Size(static_cast<unsigned>(wish->width), static_cast<unsigned>(wish->height));
        stream.bufferCount = std::max<unsigned>(stream.bufferCount, buffers_wanted);
        if (c->config->validate() == CameraConfiguration::Invalid)
            return -EINVAL;
        if (int status = c->camera->configure(c->config.get()))
            return status;
        c->stream = stream.stream();
        if (int status = c->make_requests())
            return status;
        copy_text(out->mode.format, stream.pixelFormat.toString());
        out->mode.width = static_cast<int>(stream.size.width);
        out->mode.height = static_cast<int>(stream.size.height);
        out->stride = static_cast<int>(stream.stride);
        out->exposure_us = range_of(*c->camera, "ExposureTime");
        out->gain = range_of(*c->camera, "AnalogueGain");
        out->frame_us = range_of(*c->camera, "FrameDurationLimits");
        return 0;
    });
}

extern "C" int cf_libcamera_start(cf_libcamera *c, const cf_libcamera_controls *controls) {
    return guarded([&] {
        ControlList first(c->camera->controls());
        set_controls(*c->camera, first, *controls);
        if (int status = c->camera->start(&first))
            return status;
        c->running = true;
        c->alive = c->requests.size();
        c->requests[0]->controls().merge(first); // uvcvideo's start() does not look at them
        for (const std::unique_ptr<Request> &request : c->requests)
            if (int status = c->camera->queueRequest(request.get()))
                return status;
        return 0;
    });
}

extern "C" int cf_libcamera_next(cf_libcamera *c, int timeout_ms, cf_libcamera_frame *out) {
    return guarded([&] {
        *out = {};
        std::unique_lock<std::mutex> guard(c->lock);
        if (!c->changed.wait_for(guard, std::chrono::milliseconds(timeout_ms),
                                 [&] { return !c->done.empty() || c->over || !c->alive; }))
            return -ETIMEDOUT;
        if (c->over || c->done.empty())
            return c->over ? c->over : -ENODEV;
        Request *request = c->done.front();
        c->done.erase(c->done.begin());
        if (request->status() == Request::RequestCancelled) {
            c->alive--; // its metadata means nothing, and queueing it again may abort the process
            return -ECANCELED;
        }
        guard.unlock();
        out->token = request->cookie();
        const FrameMetadata &buffer = request->findBuffer(c->stream)->metadata();
        out->sequence = buffer.sequence;
        out->is_damaged = buffer.status != FrameMetadata::FrameSuccess || buffer.planes().empty();
        if (out->is_damaged)
            return 0;
        const Mapping &mapping = c->mappings[out->token];
        mapping.sync(DMA_BUF_SYNC_START);
        out->data = static_cast<const unsigned char *>(mapping.base) + mapping.offset;
        out->bytes = mapping.length - mapping.offset;
        out->used = buffer.planes()[0].bytesused;
        out->buffer_ns = static_cast<int64_t>(buffer.timestamp);
        read_metadata(request->metadata(), out);
        return 0;
    });
}

extern "C" int cf_libcamera_release(cf_libcamera *c, uint64_t token) {
    return guarded([&] {
        if (token >= c->requests.size())
            return -EINVAL;
        c->mappings[token].sync(DMA_BUF_SYNC_END);
        std::lock_guard<std::mutex> guard(c->lock);
        if (c->over)
            return c->over;
        Request &request = *c->requests[token];
        request.reuse(Request::ReuseBuffers);
        request.controls().merge(c->pending);
        c->pending.clear();
        return c->camera->queueRequest(&request);
    });
}

extern "C" int cf_libcamera_set(cf_libcamera *c, const cf_libcamera_controls *controls) {
    return guarded([&] {
        std::lock_guard<std::mutex> guard(c->lock);
        set_controls(*c->camera, c->pending, *controls);
        return 0;
    });
}

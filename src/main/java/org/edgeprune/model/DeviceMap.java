package org.edgeprune.model;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.edgeprune.io.InputException;
import org.edgeprune.torch.Device;

/**
 * Which device holds which layers, in order: HuggingFace's {@code device_map} for a stack of layers.
 *
 * @param spans consecutive layers on one device each
 */
public record DeviceMap(List<Span> spans) {
    private static final String FORM =
            "write devices in the order of the layers, like cuda:0,cuda:1, or with numbers of layers,"
                    + " like cuda:0=24,cuda:1=16";

    /**
     * Consecutive layers on one device.
     *
     * @param device the device
     * @param layers how many; 0 for an equal share
     */
    public record Span(Device device, int layers) {
        @Override
        public String toString() {
            return layers == 0 ? device.toString() : device + "=" + layers;
        }
    }

    /**
     * Checks that either all spans or none state a number of layers.
     *
     * @throws InputException if they do not
     */
    public DeviceMap {
        spans = List.copyOf(spans);
        long open = spans.stream().filter(s -> s.layers() == 0).count();
        if (spans.isEmpty() || (open != 0 && open != spans.size())) {
            throw new InputException(
                    "device map '" + joined(spans) + "': give all devices a number of layers or none; " + FORM);
        }
    }

    /**
     * All layers on one device.
     *
     * @param device the device
     * @return the map
     */
    public static DeviceMap all(Device device) {
        return new DeviceMap(List.of(new Span(device, 0)));
    }

    /**
     * Reads {@code cuda:0,cuda:1} (equal shares) or {@code cuda:0=24,cuda:1=16}.
     *
     * @param text the map's text
     * @return the map
     * @throws InputException if it has another form
     */
    public static DeviceMap parse(String text) {
        List<Span> spans = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            String[] sides = part.strip().split("=", 2);
            boolean counted = sides.length == 2;
            if (counted && !sides[1].matches("[1-9]\\d{0,5}")) {
                throw new InputException(
                        "device map '" + text + "': '" + sides[1] + "' is no number of layers; " + FORM);
            }
            spans.add(new Span(Device.parse(sides[0]), counted ? Integer.parseInt(sides[1]) : 0));
        }
        return new DeviceMap(spans);
    }

    /**
     * The device of each layer.
     *
     * @param layers number of layers
     * @return one device per layer
     * @throws InputException if the map is for another number of layers, or has more devices than there are layers
     */
    public List<Device> over(int layers) {
        List<Device> devices = new ArrayList<>();
        int shares = spans.size();
        for (int i = 0; i < shares; i++) {
            Span span = spans.get(i);
            // the remainder goes to the first devices, one each
            int count = span.layers() > 0 ? span.layers() : layers / shares + (i < layers % shares ? 1 : 0);
            for (int n = 0; n < count; n++) {
                devices.add(span.device());
            }
        }
        if (devices.size() != layers || shares > layers) {
            throw new InputException("device map '" + this + "' is for " + Math.max(devices.size(), shares)
                    + " layers, the model has " + layers);
        }
        return List.copyOf(devices);
    }

    @Override
    public String toString() {
        return joined(spans);
    }

    private static String joined(List<Span> spans) {
        return spans.stream().map(Span::toString).collect(Collectors.joining(","));
    }
}

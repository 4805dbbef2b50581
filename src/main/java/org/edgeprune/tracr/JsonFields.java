package org.edgeprune.tracr;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.edgeprune.io.InputException;
import org.edgeprune.tracr.rasp.Value;

/** The fields of a JSON object, with errors that name them. */
record JsonFields(Path file, String prefix, JsonNode node) {

    static JsonFields read(Path file) {
        try {
            return new JsonFields(file, "", new ObjectMapper().readTree(Files.readString(file)));
        } catch (JsonProcessingException e) {
            throw new InputException(file + ": not JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new InputException(file + ": cannot be read: " + e, e);
        }
    }

    private JsonNode field(String name) {
        JsonNode field = node.path(name);
        if (field.isMissingNode()) {
            throw error(name, "is missing");
        }
        return field;
    }

    JsonFields object(String name) {
        if (!field(name).isObject()) {
            throw error(name, "is " + field(name) + ": expected an object");
        }
        return new JsonFields(file, prefix + name + ".", field(name));
    }

    String text(String name) {
        return field(name).asText();
    }

    int count(String name) {
        JsonNode field = field(name);
        if (!field.canConvertToInt() || !field.isIntegralNumber() || field.intValue() < 1) {
            throw error(name, "is " + field + ": expected a positive whole number");
        }
        return field.intValue();
    }

    /** A whole number from 0 on. */
    int index(String name) {
        JsonNode field = field(name);
        if (!field.canConvertToInt() || !field.isIntegralNumber() || field.intValue() < 0) {
            throw error(name, "is " + field + ": expected a whole number from 0 on");
        }
        return field.intValue();
    }

    /** A list of {@code rank} sizes. */
    int[] shape(String name, int rank) {
        List<Value> sizes = values(name);
        if (sizes.size() != rank || !sizes.stream().allMatch(size -> size.isNumeric() && size.number() >= 1)) {
            throw error(name, "is " + field(name) + ": expected " + rank + " sizes");
        }
        return sizes.stream().mapToInt(size -> (int) size.number()).toArray();
    }

    /** The names of this object's fields, in their order. */
    List<String> names() {
        List<String> names = new ArrayList<>();
        node.fieldNames().forEachRemaining(names::add);
        return names;
    }

    void require(String name, String wanted) {
        if (!text(name).equals(wanted)) {
            throw error(name, "is " + field(name) + ": only " + wanted + " is supported");
        }
    }

    List<Value> values(String name) {
        if (!field(name).isArray()) {
            throw error(name, "is " + field(name) + ": expected a list");
        }
        List<Value> values = new ArrayList<>();
        field(name).forEach(element -> values.add(value(name, element)));
        return values;
    }

    Value value(String name) {
        return value(name, field(name));
    }

    private Value value(String name, JsonNode element) {
        if (element.isNumber()) {
            return Value.of(element.doubleValue());
        }
        if (element.isBoolean()) {
            return Value.of(element.booleanValue());
        }
        if (element.isTextual()) {
            return Value.of(element.textValue());
        }
        if (element.isArray()) {
            List<Value> members = new ArrayList<>();
            element.forEach(member -> members.add(value(name, member)));
            return new Value.Tuple(members);
        }
        throw error(name, "holds " + element + ": expected numbers, texts, truth values or lists of them");
    }

    private InputException error(String name, String problem) {
        return new InputException(file + ": " + prefix + name + " " + problem);
    }
}

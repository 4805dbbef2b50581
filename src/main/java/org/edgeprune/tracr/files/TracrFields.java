package org.edgeprune.tracr.files;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.edgeprune.io.InputException;
import org.edgeprune.io.JsonFields;
import org.edgeprune.tracr.rasp.Value;

/** The fields of a compiled model's JSON files: those of any object, and RASP values. */
record TracrFields(JsonFields fields) {
    static TracrFields read(Path file) {
        return new TracrFields(JsonFields.read(file, "name the directory of a compiled model"));
    }

    TracrFields object(String name) {
        return new TracrFields(fields.object(name));
    }

    /** Any value as text. */
    String text(String name) {
        return fields.required(name).asText();
    }

    /** A positive integer. */
    int count(String name) {
        return fields.integer(name, 1, Integer.MAX_VALUE);
    }

    /** An integer, at least 0. */
    int index(String name) {
        return fields.integer(name, 0, Integer.MAX_VALUE);
    }

    /** A list of {@code rank} sizes. */
    int[] shape(String name, int rank) {
        List<Value> sizes = values(name);
        if (sizes.size() != rank || !sizes.stream().allMatch(size -> size.isNumeric() && size.number() >= 1)) {
            throw fields.error(name, "is " + fields.required(name) + ", expected " + rank + " sizes");
        }
        return sizes.stream().mapToInt(size -> (int) size.number()).toArray();
    }

    /** The names of this object's fields, in their order. */
    List<String> names() {
        return fields.names();
    }

    void require(String name, String wanted) {
        if (!text(name).equals(wanted)) {
            throw fields.error(name, "is " + fields.required(name) + ": only " + wanted + " is supported");
        }
    }

    InputException error(String name, String fault) {
        return fields.error(name, fault);
    }

    /** Requires that a list has as many elements as another field states. */
    void requireSize(String name, String other, int size) {
        int given = fields.array(name).size();
        if (given != size) {
            throw error(name, "has " + given + " elements, but " + other + " is " + size);
        }
    }

    List<Value> values(String name) {
        return fields.array(name).stream().map(element -> value(name, element)).toList();
    }

    Value value(String name) {
        return value(name, fields.required(name));
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
        throw fields.error(name, "holds " + element + ", expected numbers, strings, true, false or lists of them");
    }
}
